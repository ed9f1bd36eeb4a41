package io.penstock.gateway.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.api.IpAddress;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.UdpHeader;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A node that floods another one, which others use too, through a whole gateway and over real
/// QUIC.
///
/// The flooded node has a slow line, so that there is something to share out. The line loses a few
/// packets in a hundred of everybody's when QUIC looks for its rate. What arrives is counted, and
/// how long it took does not matter.
class FloodTest {

  private static final int PACKET_BYTES = 1_000;
  private static final int LINE_PACKETS_PER_SECOND = 200;
  private static final int FLOOD_PACKETS_PER_SECOND = 10 * LINE_PACKETS_PER_SECOND;

  private static final LinkFaults LINE =
      LinkFaults.none(0).withRate(LINE_PACKETS_PER_SECOND * PACKET_BYTES, 32 * PACKET_BYTES);

  private static final int LEAST_PINGS = 5;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path directory;
  private OverlayFixture fixture;

  @BeforeEach
  void start() throws Exception {
    fixture = OverlayFixture.start(directory);
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  /// Sends packets at a rate until it is told to stop.
  private static final class Source {

    private static final long TURN_NANOS = Duration.ofMillis(5).toNanos();

    private final TestNode from;
    private final AtomicInteger sent = new AtomicInteger();
    private final ScheduledFuture<?> turns;
    private final long startNanos = System.nanoTime();

    Source(TestNode from, TestNode to, int packetsPerSecond) {
      this.from = from;
      turns =
          from.sender()
              .eventLoop()
              .scheduleAtFixedRate(
                  () -> {
                    double seconds = (System.nanoTime() - startNanos) / 1e9;
                    while (sent.get() < seconds * packetsPerSecond) {
                      from.send(packet(from.ipv4(), to.ipv4()));
                      sent.incrementAndGet();
                    }
                  },
                  0,
                  TURN_NANOS,
                  TimeUnit.NANOSECONDS);
    }

    int sent() {
      return sent.get();
    }

    int stop() {
      turns.cancel(false);
      return sent.get();
    }

    /// How many of its packets have arrived.
    int arrivedAt(TestNode node) {
      int source = Ipv4Address.of(from.ipv4().bytes());
      return (int)
          node.received.stream()
              .filter(packet -> Ipv4Header.source(Unpooled.wrappedBuffer(packet), 0) == source)
              .count();
    }
  }

  @Test
  void who_sends_less_than_its_share_gets_it_through_and_is_answered_soon() throws Exception {
    int modest = LINE_PACKETS_PER_SECOND / 10;
    try (FaultyUdpRelay relay = fixture.relay(LINE);
        TestNode flooded = fixture.node(relay, "flooded");
        TestNode flooder = fixture.node("flooder");
        TestNode one = fixture.node("one");
        TestNode two = fixture.node("two")) {
      Source flood = new Source(flooder, flooded, FLOOD_PACKETS_PER_SECOND);
      await().atMost(LIMIT).until(() -> flood.arrivedAt(flooded) > LINE_PACKETS_PER_SECOND);
      Source calm = new Source(one, flooded, modest);
      List<Integer> overtaken = new ArrayList<>();
      long endNanos = System.nanoTime() + LIMIT.toNanos();
      // A ping may be lost as anything on this line, and one is waited for for seconds.
      while ((calm.sent() < 100 || overtaken.size() < LEAST_PINGS)
          && System.nanoTime() - endNanos < 0) {
        int before = flood.arrivedAt(flooded);
        two.ping(flooded.ipv4(), overtaken.size());
        if (two.isAnswered()) {
          overtaken.add(flood.arrivedAt(flooded) - before);
        }
      }
      int sent = calm.stop();
      int flooding = flood.stop();

      await().atMost(LIMIT).until(() -> calm.arrivedAt(flooded) >= sent * 4 / 5);
      assertThat(flood.arrivedAt(flooded)).isLessThan(flooding / 5);
      assertThat(overtaken).as("answered pings").hasSizeGreaterThanOrEqualTo(LEAST_PINGS);
      overtaken.sort(null);
      assertThat(overtaken.get(overtaken.size() / 2))
          .as("packets of the flood that came during a ping; a plain queue holds a thousand")
          .isLessThan(250);
    }
  }

  @Test
  void who_floods_gets_no_more_than_others_who_want_more_than_their_share() throws Exception {
    int more = LINE_PACKETS_PER_SECOND * 6 / 10;
    try (FaultyUdpRelay relay = fixture.relay(LINE);
        TestNode flooded = fixture.node(relay, "flooded");
        TestNode flooder = fixture.node("flooder");
        TestNode one = fixture.node("one");
        TestNode two = fixture.node("two")) {
      List<Source> all =
          List.of(
              new Source(flooder, flooded, FLOOD_PACKETS_PER_SECOND),
              new Source(one, flooded, more),
              new Source(two, flooded, more));
      await().atMost(LIMIT).until(() -> flooded.received.size() >= 6 * LINE_PACKETS_PER_SECOND);
      all.forEach(Source::stop);

      List<Integer> arrived = all.stream().map(each -> each.arrivedAt(flooded)).toList();
      assertThat(arrived.getFirst())
          .as("of the flood, beside %s", arrived)
          .isLessThan(Math.min(arrived.get(1), arrived.get(2)) * 4 / 3);
    }
  }

  private static ByteBuf packet(IpAddress from, IpAddress to) {
    int bytes = PACKET_BYTES - Ipv4Header.MIN_BYTES;
    int source = Ipv4Address.of(from.bytes());
    int destination = Ipv4Address.of(to.bytes());
    ByteBuf packet = Unpooled.buffer(PACKET_BYTES);
    Ipv4Header.write(packet, 0, PACKET_BYTES, 1, 0, 64, IpProtocol.UDP, source, destination);
    int at = packet.writerIndex();
    UdpHeader.write(packet, 40_000, 9, bytes);
    packet.writeZero(bytes - UdpHeader.BYTES);
    UdpHeader.writeChecksum(
        packet,
        at,
        bytes,
        InternetChecksum.pseudoHeader4(source, destination, IpProtocol.UDP, bytes));
    return packet;
  }
}
