package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpFamily;
import io.penstock.gateway.config.AllowSettings;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.router.DropReason;
import io.penstock.node.ping.PingResult;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.Sent;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What nodes of two users may send each other through a whole gateway.
class PolicyTest {

  private static final int OPEN = 5353;
  private static final int SHUT = 5354;
  private static final int CLIENT = 40_000;

  @TempDir private Path data;

  @Test
  void without_a_rule_nothing_passes_in_either_direction() throws Exception {
    try (TestOverlay overlay = TestOverlay.start(data);
        TestNode ann = overlay.join("ann", overlay.token("ann"));
        TestNode bob = overlay.join("bob", overlay.token("bob"))) {
      for (IpFamily family : IpFamily.values()) {
        assertForbidden(ann.ping(bob.address(family)), family);
        assertForbidden(bob.ping(ann.address(family)), family);
      }
      assertThat(ann.pinger().answered() + bob.pinger().answered()).isZero();
      assertThat(dropped(overlay)).isEqualTo(4);
    }
  }

  private static void assertForbidden(PingResult result, IpFamily family) {
    assertThat(result)
        .isInstanceOfSatisfying(
            PingResult.Reported.class,
            told -> {
              assertThat(told.words()).isEqualTo("forbidden by the policy");
              assertThat(told.from())
                  .isEqualTo(PoolConfig.DEFAULT.ownAddress(family).orElseThrow());
            });
  }

  @Test
  void a_rule_opens_its_port_in_its_direction_and_the_answers_come_back() throws Exception {
    AllowSettings rule =
        new AllowSettings(
            "user:ann",
            "node:bob",
            Optional.of(AllowSettings.Protocol.UDP),
            List.of(String.valueOf(OPEN)));
    try (TestOverlay overlay = TestOverlay.start(data, rule);
        TestNode ann = overlay.join("ann", overlay.token("ann"));
        TestNode bob = overlay.join("bob", overlay.token("bob"))) {
      BlockingQueue<UdpPacket> cameToAnn = receive(ann.tunnel());
      BlockingQueue<UdpPacket> cameToBob = receive(bob.tunnel());
      UdpPacket shut = packet(ann, CLIENT, bob, SHUT, "not this");
      UdpPacket open = packet(ann, CLIENT, bob, OPEN, "this");

      send(ann, shut);
      send(ann, open);
      assertThat(next(cameToBob)).isEqualTo(open);
      assertThat(dropped(overlay)).isEqualTo(1);

      send(bob, packet(bob, SHUT, ann, CLIENT, "from another port than the one asked"));
      send(bob, packet(bob, OPEN, ann, CLIENT + 1, "to another port than the one that asked"));
      send(bob, open.answer("the answer"));
      assertThat(next(cameToAnn)).isEqualTo(open.answer("the answer"));
      assertThat(dropped(overlay)).isEqualTo(3);
      assertThat(cameToBob).isEmpty();
    }
  }

  private static UdpPacket packet(
      TestNode from, int fromPort, TestNode to, int toPort, String text) {
    return new UdpPacket(
        from.address(IpFamily.IPV4), fromPort, to.address(IpFamily.IPV4), toPort, text);
  }

  private static void send(TestNode node, UdpPacket packet) {
    assertThat(node.tunnel().send(packet.encode())).isEqualTo(Sent.SENT);
  }

  private static UdpPacket next(BlockingQueue<UdpPacket> came) throws InterruptedException {
    UdpPacket packet = came.poll(TestNode.LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(packet).isNotNull();
    return packet;
  }

  private static BlockingQueue<UdpPacket> receive(PacketTunnel tunnel) {
    BlockingQueue<UdpPacket> came = new LinkedBlockingQueue<>();
    tunnel.onPacket(
        packet -> {
          UdpPacket.decode(packet).ifPresent(came::add);
          packet.release();
        });
    return came;
  }

  private static long dropped(TestOverlay overlay) {
    return overlay.overlay().routed().drops().getOrDefault(DropReason.POLICY, 0L);
  }
}
