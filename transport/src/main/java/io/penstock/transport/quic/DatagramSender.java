package io.penstock.transport.quic;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionStats;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;
import java.nio.BufferUnderflowException;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The one way for datagrams into a connection: it refuses what QUIC would drop in silence.
///
/// When QUIC's own queue is full, Netty drops all that waits to be written and reports success. So
/// this sender keeps an account of that queue ([QueueAccount]) and hands over only what is sure to
/// fit. Where acknowledgements and small datagrams have blurred the account, each datagram is
/// followed by a *witness*: one that is too large to be sent and therefore fails, unless it was
/// dropped together with the datagram before it. Then the datagram is still here and goes first
/// when there is room.
///
/// What waits in QUIC is bounded by half the congestion window, so that it adds half a round trip
/// at most, and the queue where packets are chosen and dropped stays in front of this one.
///
/// ```
/// send ──► pending ──(32 per flush)──► QUIC's queue ──(congestion control)──► path
///          └────── at most windowBytes() ─────────┘
/// ```
///
/// All methods run on the connection's event loop, and nobody else may write to the channel.
public final class DatagramSender {

  /// What became of a datagram.
  public enum Sent {
    /// It is on its way, and was released or will be.
    SENT,
    /// There is no room; it is still the caller's.
    FULL,
    /// It exceeds [DatagramSender#maxPayloadBytes] and was released.
    TOO_BIG,
    /// The connection is closed; it was released.
    CLOSED
  }

  private static final AttributeKey<DatagramSender> KEY =
      AttributeKey.valueOf(DatagramSender.class, "installed");

  private static final int WRITES_PER_FLUSH = 32;

  /// Larger than any UDP payload that [QuicConfig] allows.
  private static final int WITNESS_BYTES = 10_000;

  /// How often a refused caller makes the sender look at the connection.
  private static final long LOOK_NANOS = 100_000;

  private static final long LEAST_WAIT_NANOS = 200_000;
  private static final long MOST_WAIT_NANOS = 5_000_000;

  /// With nothing sent for so long the account is not believed.
  private static final long STALE_NANOS = 1_000_000_000;

  private final QuicChannel channel;
  private final DatagramConfig config;
  private final int connectionIdBytes;
  private final PathMtu path;
  private final QueueAccount account;
  private final WriteOutcomes outcomes;
  private final ArrayDeque<ByteBuf> pending = new ArrayDeque<>();
  private final Runnable continueFlush = this::continueFlush;
  private long pendingBytes;
  private long lookedNanos;
  private long movedNanos = System.nanoTime();
  private long calmNanos = movedNanos;
  private long calmBytes;
  private long refusedForSize;
  private long witnessed;
  private long savedFromFullQueue;
  private long bytesSent;
  private boolean continuing;
  private boolean waiting;
  private @Nullable Future<?> lookTimer;
  private Runnable drained = () -> {};

  private DatagramSender(QuicChannel channel, DatagramConfig config) {
    this.channel = channel;
    this.config = config;
    connectionIdBytes = ConnectionIds.lengthOf(channel.remoteAddress());
    path = new PathMtu(channel, connectionIdBytes);
    account = new QueueAccount(config.quicQueueDatagrams());
    outcomes = new WriteOutcomes(channel, this::checkSize);
  }

  /// Makes the connection's sender, or returns the one that it has.
  ///
  /// @param channel an established connection
  /// @param config the one that the connection's endpoint was made with
  public static DatagramSender install(QuicChannel channel, DatagramConfig config) {
    assert channel.eventLoop().inEventLoop();
    var attribute = channel.attr(KEY);
    DatagramSender existing = attribute.get();
    if (existing != null) {
      return existing;
    }
    DatagramSender sender = new DatagramSender(channel, config);
    attribute.set(sender);
    sender.look(false);
    sender.path.start();
    channel.closeFuture().addListener(_ -> sender.closed());
    return sender;
  }

  /// Takes a datagram and owns it, unless it answers [Sent#FULL]; it leaves with the next [#flush],
  /// or as soon as there are enough for one.
  public Sent send(ByteBuf packet) {
    if (!channel.isActive()) {
      packet.release();
      return Sent.CLOSED;
    }
    int size = packet.readableBytes();
    if (size > path.maxPayloadBytes()) {
      packet.release();
      return Sent.TOO_BIG;
    }
    if (size == 0) {
      // Netty skips empty datagrams; an empty one tells a peer nothing.
      packet.release();
      return Sent.SENT;
    }
    if (!hasRoomFor(size)) {
      waitForRoom();
      return Sent.FULL;
    }
    pending.add(packet);
    pendingBytes += size;
    if (pending.size() >= WRITES_PER_FLUSH) {
      flush();
    }
    return Sent.SENT;
  }

  /// Hands over up to 32 datagrams now, and the rest in turns between which the event loop serves
  /// its other channels.
  public void flush() {
    if (!continuing) {
      flushTurn();
    }
  }

  /// Calls the listener on the event loop each time there is room again after [Sent#FULL].
  public void onRoom(Runnable listener) {
    drained = listener;
  }

  /// Calls the listener on the event loop each time [#maxPayloadBytes] changes.
  public void onMaxPayload(IntConsumer changed) {
    path.onChange(changed);
  }

  /// The largest datagram that the path carries as far as is known.
  public int maxPayloadBytes() {
    return path.maxPayloadBytes();
  }

  /// The same, read from the path now; for one who waits for path-MTU discovery.
  public int readMaxPayloadBytes() {
    if (channel.isActive()) {
      path.read();
    }
    return path.maxPayloadBytes();
  }

  /// How many bytes [#send] takes before it answers [Sent#FULL].
  public int roomBytes() {
    if (!channel.isActive() || pending.size() >= roomDatagrams()) {
      return 0;
    }
    return (int) Math.max(0, windowBytes() - pendingBytes - account.fewestBytes());
  }

  /// How many datagrams QUIC refused for their size after [#send] took them, because the path had
  /// shrunk meanwhile.
  public long refusedForSize() {
    return refusedForSize;
  }

  /// How many datagrams were handed over with a witness.
  long witnessed() {
    return witnessed;
  }

  /// How many of these QUIC had no room for; they went later.
  long savedFromFullQueue() {
    return savedFromFullQueue;
  }

  @Override
  public String toString() {
    return "pending " + pending.size() + ", in QUIC " + account.fewest() + " to " + account.most();
  }

  private boolean hasRoomFor(int size) {
    if (roomBytes() >= size) {
      return true;
    }
    if (System.nanoTime() - lookedNanos < LOOK_NANOS) {
      return false;
    }
    look(false);
    return roomBytes() >= size;
  }

  /// How many datagrams may be pending, beside what QUIC holds at least.
  private int roomDatagrams() {
    return Math.min(config.pendingDatagrams(), config.quicQueueDatagrams() - account.fewest());
  }

  private long windowBytes() {
    long least = (long) WRITES_PER_FLUSH * path.maxPayloadBytes();
    return Math.clamp(path.windowBytes() / 2, least, Math.max(least, config.maxQueuedBytes()));
  }

  private void flushTurn() {
    if (pending.isEmpty() || !channel.isActive()) {
      return;
    }
    if (!isFull()) {
      if (fitsForSure(Math.min(pending.size(), WRITES_PER_FLUSH))) {
        writeBatch();
      } else {
        writeWitnessed();
      }
      look(true);
    }
    if (pending.isEmpty() || !channel.isActive()) {
      return;
    }
    if (isFull()) {
      waitForRoom();
    } else {
      // A task would run before the next look at the sockets; a timer that is due runs after it.
      continuing = true;
      var _ = channel.eventLoop().schedule(continueFlush, 0, TimeUnit.NANOSECONDS);
    }
  }

  private boolean isFull() {
    return account.fewest() >= config.quicQueueDatagrams();
  }

  private void continueFlush() {
    continuing = false;
    flushTurn();
  }

  private boolean fitsForSure(int count) {
    if (account.most() + count > config.quicQueueDatagrams()) {
      look(false);
    }
    return account.most() + count <= config.quicQueueDatagrams();
  }

  private void writeBatch() {
    for (int left = WRITES_PER_FLUSH; left > 0; left--) {
      ByteBuf packet = pending.poll();
      if (packet == null) {
        break;
      }
      int size = packet.readableBytes();
      pendingBytes -= size;
      outcomes.expect(account.handed(size));
      var _ = channel.write(packet, outcomes);
    }
    channel.flush();
  }

  private void checkSize(long place, @Nullable Throwable cause) {
    if (cause instanceof BufferUnderflowException) {
      account.refused(place);
      refusedForSize++;
      path.read();
    }
  }

  /// Writes each datagram with a witness behind it; those that were dropped become pending again.
  private void writeWitnessed() {
    int count = Math.min(pending.size(), WRITES_PER_FLUSH);
    witnessed += count;
    ByteBuf[] packets = new ByteBuf[count];
    ChannelFuture[] written = new ChannelFuture[count];
    ChannelPromise[] witnesses = new ChannelPromise[count];
    ByteBuf witness = channel.alloc().directBuffer(WITNESS_BYTES).writerIndex(WITNESS_BYTES);
    for (int at = 0; at < count; at++) {
      packets[at] = pending.remove();
      pendingBytes -= packets[at].readableBytes();
      written[at] = channel.write(packets[at].retainedDuplicate());
      witnesses[at] = channel.newPromise();
      var _ = channel.write(witness.retainedDuplicate(), witnesses[at]);
    }
    channel.flush();
    witness.release();
    if (witnesses[count - 1].isSuccess()) {
      savedFromFullQueue += keepDropped(packets, witnesses);
    }
    for (int at = 0; at < count; at++) {
      if (witnesses[at].cause() instanceof BufferUnderflowException) {
        checkSize(account.handed(packets[at].readableBytes()), written[at].cause());
      }
      if (!witnesses[at].isSuccess()) {
        packets[at].release();
      }
    }
    if (witnesses[count - 1].isSuccess()) {
      account.foundFull();
    }
  }

  /// Makes those pending again, first of all, whose witnesses were dropped; returns how many.
  private int keepDropped(ByteBuf[] packets, ChannelPromise[] witnesses) {
    int kept = 0;
    for (int at = packets.length - 1; at >= 0 && witnesses[at].isSuccess(); at--) {
      pending.addFirst(packets[at]);
      pendingBytes += packets[at].readableBytes();
      kept++;
    }
    return kept;
  }

  private void waitForRoom() {
    waiting = true;
    if (lookTimer == null && channel.isActive()) {
      path.read();
      long wait = Math.clamp(path.roundTripNanos() / 4, LEAST_WAIT_NANOS, MOST_WAIT_NANOS);
      lookTimer = channel.eventLoop().schedule(this::lookForRoom, wait, TimeUnit.NANOSECONDS);
    }
  }

  private void lookForRoom() {
    lookTimer = null;
    if (!channel.isActive()) {
      return;
    }
    look(false);
    flush();
    if (!waiting) {
      return;
    }
    if (roomBytes() >= windowBytes() / 4) {
      waiting = false;
      drained.run();
    } else {
      waitForRoom();
    }
  }

  /// Brings the account up to what the connection has sent.
  private void look(boolean acknowledged) {
    QuicConnectionStats stats = channel.collectStats().getNow();
    if (stats == null) {
      return;
    }
    long now = System.nanoTime();
    int before = account.fewest();
    bytesSent = stats.sentBytes();
    account.sent(
        stats.sent(),
        bytesSent,
        stats.recv(),
        connectionIdBytes,
        path.probeBytes(now),
        acknowledged);
    lookedNanos = now;
    if (account.fewest() < before || before == 0) {
      movedNanos = now;
    } else if (now - movedNanos > STALE_NANOS) {
      account.foundStale();
      movedNanos = now;
    }
    if (account.most() > config.quicQueueDatagrams() / 2) {
      lookForCalm(now);
    } else {
      calmNanos = now;
      calmBytes = bytesSent;
    }
  }

  /// A connection that sends far less than a window per round trip holds nothing back.
  private void lookForCalm(long now) {
    long span = Math.max(8 * path.roundTripNanos(), 50_000_000);
    if (now - calmNanos < span) {
      return;
    }
    path.read();
    if (account.fewest() == 0 && bytesSent - calmBytes < path.windowBytes() / 4) {
      account.foundEmpty();
    }
    calmNanos = now;
    calmBytes = bytesSent;
  }

  private void closed() {
    path.stop();
    if (lookTimer != null) {
      lookTimer.cancel(false);
      lookTimer = null;
    }
    pending.forEach(ByteBuf::release);
    pending.clear();
    pendingBytes = 0;
    if (waiting) {
      waiting = false;
      drained.run();
    }
  }
}
