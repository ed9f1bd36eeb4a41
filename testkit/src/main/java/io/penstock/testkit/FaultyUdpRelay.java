package io.penstock.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;

/// A UDP relay on the loopback interface that loses, delays, doubles, reorders and slows down what
/// it carries.
///
/// Clients send to [#address]; each gets a socket of its own towards the server, as behind a NAT. A
/// rate is that of all clients together, once in each direction. The faults are drawn from a seed,
/// but as real time decides what comes when, a seed does not replay a run. It runs on one daemon
/// thread until it is closed.
public final class FaultyUdpRelay implements AutoCloseable {

  private static final int MAX_DATAGRAM_BYTES = 65_535;
  private static final int SYSTEM_BUFFER_BYTES = 4 * 1024 * 1024;
  private static final long NANOS_PER_MILLI = 1_000_000L;
  private static final double NANOS_PER_SECOND = 1e9;

  /// One direction, which is busy with what it has taken until some time.
  private static final class Direction {
    private long freeNanos;
  }

  private record Pending(
      long atNanos, long order, ByteBuffer bytes, DatagramChannel out, SocketAddress to) {}

  private final InetSocketAddress server;
  private final SplittableRandom random;
  private final LongAdder carried = new LongAdder();
  private final LongAdder dropped = new LongAdder();
  private final Selector selector = Selector.open();
  private final DatagramChannel front;
  private final Map<SocketAddress, DatagramChannel> backs = new HashMap<>();
  private final PriorityQueue<Pending> pending =
      new PriorityQueue<>(
          Comparator.comparingLong(Pending::atNanos).thenComparingLong(Pending::order));
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(MAX_DATAGRAM_BYTES);
  private final long originNanos = System.nanoTime();
  private final Thread thread = Thread.ofPlatform().daemon().name("udp-relay").unstarted(this::run);
  private volatile LinkFaults faults;
  private volatile boolean rebindAsked;
  private final Direction toServer = new Direction();
  private final Direction toClients = new Direction();
  private long order;

  private FaultyUdpRelay(
      DatagramChannel front, InetSocketAddress server, LinkFaults faults, long seed)
      throws IOException {
    this.front = front;
    this.server = server;
    this.faults = faults;
    random = new SplittableRandom(seed);
    front.register(selector, SelectionKey.OP_READ);
  }

  /// Starts a relay to `server` with the same faults in both directions.
  public static FaultyUdpRelay start(InetSocketAddress server, LinkFaults faults, long seed)
      throws IOException {
    return start(front(0), server, faults, seed);
  }

  /// Starts a relay whose clients send to a socket of [#front], which it owns from now on.
  ///
  /// The sockets towards the server are made on a thread that this one starts.
  public static FaultyUdpRelay start(
      DatagramChannel front, InetSocketAddress server, LinkFaults faults, long seed)
      throws IOException {
    FaultyUdpRelay relay = new FaultyUdpRelay(front, server, faults, seed);
    relay.thread.start();
    return relay;
  }

  /// A socket for clients to send to, at a port of the loopback interface. Whoever makes it on a
  /// thread in a network namespace has it there.
  ///
  /// @param port 0 for any
  public static DatagramChannel front(int port) throws IOException {
    DatagramChannel front = open();
    front.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    return front;
  }

  /// Where clients send to.
  public InetSocketAddress address() {
    return (InetSocketAddress) front.socket().getLocalSocketAddress();
  }

  /// Changes the faults from now on.
  public void setFaults(LinkFaults changed) {
    faults = changed;
  }

  /// Forgets the ports towards the server, as a NAT does: what a client sends next comes from a new
  /// one, and what the server still sends to the old one is lost.
  public void rebind() {
    rebindAsked = true;
  }

  /// How many datagrams came in.
  public long carried() {
    return carried.sum();
  }

  /// How many of them were lost on purpose.
  public long dropped() {
    return dropped.sum();
  }

  private static DatagramChannel open() throws IOException {
    DatagramChannel channel = DatagramChannel.open();
    channel.configureBlocking(false);
    channel.socket().setReceiveBufferSize(SYSTEM_BUFFER_BYTES);
    return channel;
  }

  private void run() {
    try {
      while (selector.isOpen()) {
        selector.select(this::readable, sendDue());
      }
    } catch (ClosedSelectorException e) {
      // Closed while it waited: the relay is over.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      backs.values().forEach(FaultyUdpRelay::close);
    }
  }

  private void readable(SelectionKey key) {
    DatagramChannel in = (DatagramChannel) key.channel();
    try {
      while (true) {
        buffer.clear();
        SocketAddress sender = in.receive(buffer);
        if (sender == null) {
          return;
        }
        buffer.flip();
        if (in.equals(front)) {
          carry(backOf(sender), server, toServer);
        } else {
          carry(front, (SocketAddress) key.attachment(), toClients);
        }
      }
    } catch (IOException e) {
      // A datagram that the system refuses is a lost one.
      dropped.increment();
    }
  }

  private DatagramChannel backOf(SocketAddress client) throws IOException {
    if (rebindAsked) {
      rebindAsked = false;
      backs.values().forEach(FaultyUdpRelay::close);
      backs.clear();
    }
    DatagramChannel back = backs.get(client);
    if (back == null) {
      back = open();
      back.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      back.register(selector, SelectionKey.OP_READ, client);
      backs.put(client, back);
    }
    return back;
  }

  private void carry(DatagramChannel out, SocketAddress to, Direction direction) {
    LinkFaults now = faults;
    carried.increment();
    if (random.nextDouble() < now.loss()
        || buffer.remaining() > now.mtuBytes()
        || !hasRoom(direction, now)) {
      dropped.increment();
      return;
    }
    long waits = pass(direction, now);
    ByteBuffer bytes = ByteBuffer.allocate(buffer.remaining()).put(buffer).flip();
    queue(bytes, out, to, now, waits);
    if (random.nextDouble() < now.duplication()) {
      queue(bytes.duplicate(), out, to, now, waits);
    }
  }

  private boolean hasRoom(Direction direction, LinkFaults now) {
    double seconds = (direction.freeNanos - elapsedNanos()) / NANOS_PER_SECOND;
    return now.bytesPerSecond() == 0 || seconds * now.bytesPerSecond() <= now.queueBytes();
  }

  /// Keeps the direction busy for the datagram, and returns when it is through.
  private long pass(Direction direction, LinkFaults now) {
    if (now.bytesPerSecond() == 0) {
      return 0;
    }
    long elapsed = elapsedNanos();
    long takes = (long) (buffer.remaining() * NANOS_PER_SECOND / now.bytesPerSecond());
    direction.freeNanos = Math.max(direction.freeNanos, elapsed) + takes;
    return direction.freeNanos - elapsed;
  }

  private void queue(
      ByteBuffer bytes, DatagramChannel out, SocketAddress to, LinkFaults now, long waits) {
    long delay = waits + now.delayNanos() + below(now.jitterNanos());
    if (random.nextDouble() < now.reordering()) {
      delay += below(now.reorderNanos());
    }
    pending.add(new Pending(elapsedNanos() + delay, order++, bytes, out, to));
  }

  private long below(long bound) {
    return bound == 0 ? 0 : random.nextLong(bound + 1);
  }

  /// Sends what is due and returns how many milliseconds the selector may wait, 0 for ever.
  private long sendDue() {
    long now = elapsedNanos();
    for (Pending next = pending.peek(); next != null; next = pending.peek()) {
      if (next.atNanos > now) {
        return Math.max(1, (next.atNanos - now) / NANOS_PER_MILLI);
      }
      pending.remove();
      try {
        if (next.out.isOpen()) {
          next.out.send(next.bytes, next.to);
        }
      } catch (IOException e) {
        dropped.increment();
      }
    }
    return 0;
  }

  private long elapsedNanos() {
    return System.nanoTime() - originNanos;
  }

  private static void close(DatagramChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      selector.close();
      thread.join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close(front);
  }
}
