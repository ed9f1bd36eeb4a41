package io.penstock.protocol.netstack.icmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IcmpLimitTest {

  private static final long TENTH = 100_000_000L;

  private final IcmpFixture host = new IcmpFixture();
  private final StackPackets packets = new StackPackets(host.allocator);
  private final IpPacket view = new IpPacket();

  @AfterEach
  void nothing_is_held() {
    host.end();
  }

  private static int taken(IcmpLimit limit, long now) {
    int taken = 0;
    while (limit.take(now)) {
      taken++;
    }
    return taken;
  }

  @Test
  void each_interval_has_a_limit_of_its_own_that_nobody_can_know() {
    IcmpLimit limit = new IcmpLimit(1000, new Random(3));
    Set<Integer> limits = new HashSet<>();
    long now = Long.MAX_VALUE - 10 * TENTH;
    for (int i = 0; i < 200; i++) {
      int taken = taken(limit, now);
      assertThat(taken).isBetween(50, 100);
      assertThat(limit.take(now + TENTH - 1)).isFalse();
      limits.add(taken);
      now += TENTH;
    }
    assertThat(limits).hasSizeGreaterThan(30).contains(50, 100);
  }

  @Test
  void a_limit_of_nothing_lets_nothing_pass() {
    assertThat(taken(new IcmpLimit(0, new Random(3)), 7)).isZero();
    assertThat(taken(new IcmpLimit(10, new Random(3)), 7)).isEqualTo(1);
    assertThatThrownBy(() -> new IcmpLimit(9, new Random(3)))
        .hasMessageContaining("icmp.errors_per_second is 9");
  }

  private IcmpReporter reporter(int perSecond) {
    return new IcmpReporter(host.addresses, host.sender, new IcmpLimit(perSecond, new Random(1)));
  }

  private boolean report(IcmpReporter reporter, ByteBuf packet) {
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    boolean sent = reporter.report(IcmpError.PORT_UNREACHABLE, 0, view, packet, host.now);
    packet.release();
    return sent;
  }

  @Test
  void an_error_comes_from_the_address_that_was_asked_and_quotes_the_packet() {
    IcmpReporter reporter = reporter(1000);
    IpEndpoint asked = StackPackets.US_6.withPort(99);

    assertThat(report(reporter, packets.udp(StackPackets.PEER_6.withPort(7), asked, new byte[3])))
        .isTrue();

    ByteBuf error = host.queue.poll();
    assertThat(error).isNotNull();
    assertThat(host.receive(error)).isEqualTo(IcmpReceive.ERROR);
    assertThat(IpEndpoint.source(host.view)).isEqualTo(StackPackets.US_6);
    assertThat(IpEndpoint.destination(host.view)).isEqualTo(StackPackets.PEER_6);
    assertThat(host.input.report().kind()).isEqualTo(IcmpKind.PORT_UNREACHABLE);
    assertThat(host.input.report().remotePort()).isEqualTo(99);
    assertThat(host.input.report().localPort()).isEqualTo(7);
    assertThat(reporter.count(IcmpError.PORT_UNREACHABLE)).isEqualTo(1);
    error.release();
  }

  @Test
  void no_more_errors_are_sent_than_the_limit_and_none_to_many() {
    IcmpReporter reporter = reporter(100);
    host.addresses.add(true, 0, StackPackets.US_4.low(), 24);
    IpEndpoint broadcast = IpEndpoint.of4((int) StackPackets.US_4.low() | 0xff, 9);
    IpEndpoint from = StackPackets.PEER_4.withPort(7);
    assertThat(report(reporter, packets.udp(from, broadcast))).isFalse();
    assertThat(reporter.suppressed()).isZero();
    int sent = 0;
    for (int i = 0; i < 30; i++) {
      sent += report(reporter, packets.udp(from, StackPackets.US_4.withPort(i + 1))) ? 1 : 0;
    }

    assertThat(sent).isBetween(5, 10);
    assertThat(reporter.suppressed()).isEqualTo(30 - sent);
    assertThat(host.queue.size()).isEqualTo(sent);
  }
}
