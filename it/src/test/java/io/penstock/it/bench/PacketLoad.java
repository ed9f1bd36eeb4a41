package io.penstock.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.UdpHeader;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SendResult;
import io.penstock.transport.snaptun.TunnelSender;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Sends packets into one tunnel and counts those that come out of another, or of the same.
///
/// The throughput is that of a closed loop: [#WINDOW] packets are under way, and each that comes
/// lets the next one go. The latency is that of one small packet at a time, alone or beside large
/// ones at a steady rate. What does not come within [#LOST_NANOS] is counted as lost. Everything
/// runs on one event loop, that of both tunnels.
final class PacketLoad {

  static final int WINDOW = 256;
  static final int LARGE_BYTES = 1200;
  static final int SMALL_BYTES = 64;
  private static final long LOST_NANOS = 100_000_000;
  private static final int NUMBER_AT = Ipv4Header.MIN_BYTES + UdpHeader.BYTES;
  private static final long PACE_NANOS = 1_000_000;
  private static final int PORT = 9;

  private final EventLoop loop;
  private final TunnelSender out;
  private final byte[] large;
  private final byte[] small;
  private Consumer<ByteBuf> taker = _ -> {};

  /// The numbers of the large packets that were sent and received last.
  private long sent;

  private long newest;

  /// @param into where packets are sent
  /// @param outOf where they come; the same tunnel for a server that echoes
  PacketLoad(ConnectResult.Connected into, ConnectResult.Connected outOf) {
    out = into.sender();
    loop = out.eventLoop();
    large = packet(into, outOf, LARGE_BYTES);
    small = packet(into, outOf, SMALL_BYTES);
    outOf
        .receiver()
        .onPacket(
            packet -> {
              if (packet.readableBytes() == LARGE_BYTES) {
                newest = Math.max(newest, packet.getLong(NUMBER_AT));
              }
              taker.accept(packet);
              packet.release();
            });
  }

  private static byte[] packet(ConnectResult.Connected from, ConnectResult.Connected to, int size) {
    ByteBuf buf = Unpooled.buffer(size);
    Ipv4Header.write(buf, 0, size, 0, 0, 64, IpProtocol.UDP, ipv4(from), ipv4(to));
    UdpHeader.write(buf, PORT, PORT, size - Ipv4Header.MIN_BYTES);
    return Arrays.copyOf(buf.array(), size);
  }

  private static int ipv4(ConnectResult.Connected tunnel) {
    return tunnel.control().addresses().stream()
        .filter(each -> each.ipVersion() == 4)
        .mapToInt(AddressRange::ipv4)
        .findFirst()
        .orElse(0);
  }

  /// Blocks until the path takes large packets.
  void awaitPath() throws Exception {
    while (loop.submit(out::maxPayloadBytes).get() < LARGE_BYTES) {
      Thread.sleep(10);
    }
  }

  /// Loads the tunnel for some time.
  CompletionStage<Map<String, ?>> throughput(double seconds) {
    return run(new Throughput(), seconds);
  }

  /// Measures the time of small packets for some time.
  ///
  /// @param rate large packets per second beside them
  CompletionStage<Map<String, ?>> latency(double seconds, double rate) {
    return run(new Latency(rate), seconds);
  }

  private CompletionStage<Map<String, ?>> run(Run run, double seconds) {
    CompletableFuture<Map<String, ?>> result = new CompletableFuture<>();
    loop.execute(
        () -> {
          taker = run::take;
          long began = System.nanoTime();
          Future<?> pace =
              loop.scheduleAtFixedRate(
                  () -> run.pace(System.nanoTime() - began),
                  PACE_NANOS,
                  PACE_NANOS,
                  TimeUnit.NANOSECONDS);
          run.begin();
          loop.schedule(
              () -> {
                pace.cancel(false);
                taker = _ -> {};
                result.complete(run.result((System.nanoTime() - began) / 1e9));
              },
              (long) (seconds * 1e9),
              TimeUnit.NANOSECONDS);
        });
    return result;
  }

  /// Sends a packet; whether it was taken.
  private boolean send(byte[] template, long number) {
    ByteBuf packet = PooledByteBufAllocator.DEFAULT.directBuffer(template.length);
    packet.writeBytes(template).setLong(NUMBER_AT, number);
    SendResult sent = out.send(packet);
    if (sent == SendResult.Outcome.SENT) {
      return true;
    }
    if (sent != SendResult.Outcome.FULL) {
      throw new IllegalStateException("the tunnel does not carry a packet: " + sent);
    }
    packet.release();
    return false;
  }

  /// What is done in one measurement.
  private interface Run {
    void begin();

    void take(ByteBuf packet);

    /// Called again and again while it lasts.
    void pace(long elapsedNanos);

    Map<String, ?> result(double seconds);
  }

  private final class Throughput implements Run {

    private final long newestBefore = newest;
    private long delivered;
    private long deliveredBefore;
    private long checkedNanos;

    @Override
    public void begin() {
      out.onRoom(this::fill);
      fill();
    }

    private void fill() {
      while (sent - newest < WINDOW && send(large, sent + 1)) {
        sent++;
      }
    }

    @Override
    public void take(ByteBuf packet) {
      if (packet.readableBytes() == LARGE_BYTES) {
        delivered++;
        fill();
      }
    }

    @Override
    public void pace(long elapsedNanos) {
      if (elapsedNanos - checkedNanos >= LOST_NANOS) {
        checkedNanos = elapsedNanos;
        if (delivered == deliveredBefore) {
          newest = sent;
          fill();
        }
        deliveredBefore = delivered;
      }
    }

    @Override
    public Map<String, ?> result(double seconds) {
      out.onRoom(() -> {});
      long lost = newest - newestBefore - delivered;
      return Map.of("packets", delivered, "seconds", seconds, "lost", lost);
    }
  }

  private final class Latency implements Run {

    private final double rate;
    private final Latencies pings = new Latencies();
    private long number;
    private long sentNanos;
    private long paced;
    private long delivered;
    private long lost;

    Latency(double rate) {
      this.rate = rate;
    }

    @Override
    public void begin() {
      ping();
    }

    private void ping() {
      number++;
      sentNanos = System.nanoTime();
      send(small, number);
    }

    @Override
    public void take(ByteBuf packet) {
      if (packet.readableBytes() == LARGE_BYTES) {
        delivered++;
      } else if (packet.getLong(NUMBER_AT) == number) {
        pings.add(System.nanoTime() - sentNanos);
        ping();
      }
    }

    @Override
    public void pace(long elapsedNanos) {
      if (System.nanoTime() - sentNanos > LOST_NANOS) {
        lost++;
        ping();
      }
      for (long due = (long) (rate * elapsedNanos / 1e9); paced < due; paced++) {
        send(large, 0);
      }
    }

    @Override
    public Map<String, ?> result(double seconds) {
      return Map.of(
          "pings",
          pings.count(),
          "p50_us",
          pings.micros(50),
          "p99_us",
          pings.micros(99),
          "packets",
          delivered,
          "seconds",
          seconds,
          "lost",
          lost);
    }
  }
}
