package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.penstock.gateway.overlay.router.TestNetwork.TestNode;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.icmp.IcmpErrors;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Whatever a node sends, its neighbours' packets arrive, and what arrives is well-formed.
class RouterFuzzTest {

  private static final String A4 = "10.64.0.2";
  private static final String B4 = "10.64.0.3";
  private static final String C4 = "10.64.0.4";
  private static final String A6 = "fd00:64::2";
  private static final String B6 = "fd00:64::3";
  private static final AllowRule RULE =
      new AllowRule(
          Party.parse("user:ann"),
          Party.parse("user:bob"),
          AllowRule.Protocol.UDP,
          List.of(new PortRange(1, 100)));

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_bytes_are_borne(byte[] bytes) {
    try (TestNetwork net =
        new TestNetwork(RouterConfig.DEFAULT, new OverlayPolicy(List.of(RULE)))) {
      TestNode hostile = net.node("h", "ann", net.loop1, A4, A6);
      TestNode target = net.node("t", "bob", net.loop2, B4, B6);
      TestNode neighbour = net.node("n", "bob", net.loop1, C4);
      hostile.attached().receive(Packets.buffer(bytes.length).writeBytes(bytes));
      neighbour.send(Packets.udp(C4, B4, 1, 2, 77));
      assertThat(arrivedFrom(target, C4)).isEqualTo(1);
    }
  }

  @Test
  void packets_with_some_bytes_changed_are_borne_while_neighbours_go_on() {
    try (TestNetwork net =
        new TestNetwork(RouterConfig.DEFAULT, new OverlayPolicy(List.of(RULE)))) {
      TestNode hostile = net.node("h", "ann", net.loop1, A4, A6);
      TestNode target = net.node("t", "bob", net.loop2, B4, B6);
      TestNode neighbour = net.node("n", "bob", net.loop1, C4);
      Seeds.forEach(
          5_000,
          seed -> {
            SeededRandom random = new SeededRandom(seed);
            hostile.attached().receive(mutated(random));
            neighbour.attached().receive(Packets.udp(C4, B4, 1, 2, 77));
            net.settle();
            hostile.drain();
            assertThat(arrivedFrom(target, C4)).isEqualTo(1);
          });
      RouterReport report = net.router.report();
      long dropped = report.drops().values().stream().mapToLong(Long::longValue).sum();
      assertThat(report.receivedPackets()).isEqualTo(10_000);
      assertThat(dropped).isBetween(1_000L, 4_990L);
    }
  }

  private static ByteBuf mutated(SeededRandom random) {
    ByteBuf packet =
        switch (random.between(0, 5)) {
          case 0 -> Packets.udp(A4, B4, random.between(1, 9), random.between(90, 110), 40);
          case 1 -> Packets.udp(A6, B6, random.between(1, 9), random.between(90, 110), 40);
          case 2 -> Packets.syn(A4, B4, 1460);
          case 3 -> Packets.ping(A6, B6, 7);
          case 4 ->
              Packets.fragment(
                  A4,
                  B4,
                  random.between(1, 3),
                  8 * random.between(0, 3),
                  true,
                  Packets.udpPayload(1, 2, 40));
          default -> error();
        };
    for (int i = random.between(0, 3); i > 0; i--) {
      int at = random.magnitude(0, packet.readableBytes() - 1);
      packet.setByte(at, (int) random.nextLong());
    }
    if (random.percent(10)) {
      packet.writerIndex(random.between(0, packet.readableBytes()));
    }
    if (packet.readableBytes() >= 60 && Ipv4Header.version(packet, 0) == 4 && random.percent(80)) {
      packet.setShort(10, 0);
      packet.setShort(10, InternetChecksum.of(packet, 0, Ipv4Header.headerBytes(packet, 0)));
    }
    return packet;
  }

  private static ByteBuf error() {
    ByteBuf about = Packets.udp(B4, A4, 5, 6, 30);
    IpPacket view = new IpPacket();
    view.parse(about);
    ByteBuf error = Packets.buffer(128);
    IcmpErrors.write(IcmpError.NO_ROUTE, 0, view, about, 0, Packets.ip4(A4) & 0xffff_ffffL, error);
    about.release();
    return error;
  }

  private static int arrivedFrom(TestNode target, String source) {
    IpPacket view = new IpPacket();
    int count = 0;
    for (ByteBuf packet = target.poll(); packet != null; packet = target.poll()) {
      assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
      count += view.isIpv4() && view.sourceLow() == Packets.ip4(source) ? 1 : 0;
      packet.release();
    }
    return count;
  }
}
