package io.penstock.gateway.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nodes behind paths that are narrow or change, through a whole gateway.
class FaultyPathsTest {

  /// What of a UDP payload is QUIC's.
  private static final int OVERHEAD_BYTES = 44;

  private static final int NARROW_BYTES = 1252;

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

  @Test
  void a_path_too_narrow_for_ipv6_carries_ipv4_and_says_so() throws Exception {
    int carried = NARROW_BYTES - OVERHEAD_BYTES;
    try (FaultyUdpRelay relay = fixture.relay(LinkFaults.none(0).withMtu(NARROW_BYTES));
        TestNode narrow = fixture.node(relay, "narrow");
        TestNode wide = fixture.node("wide")) {
      assertThat(narrow.refused())
          .singleElement()
          .satisfies(
              refused -> {
                assertThat(refused.index()).isEqualTo(1);
                assertThat(refused.why()).startsWith("IPv6 needs packets of 1280 bytes");
              });
      assertThat(wide.refused()).isEmpty();
      await()
          .atMost(Duration.ofSeconds(20))
          .until(
              () ->
                  narrow.sender().maxPayloadBytes() == carried
                      && wide.sender().maxPayloadBytes() > carried);

      wide.ping(narrow.ipv4(), 1, carried - 28);
      assertThat(wide.isAnswered()).isTrue();
      wide.ping(narrow.ipv4(), 2, carried - 27);
      ByteBuf error = Unpooled.wrappedBuffer(wide.next(20_000));
      assertThat(IcmpHeader.type(error, Ipv4Header.MIN_BYTES)).isEqualTo(IcmpHeader.UNREACHABLE);
      assertThat(IcmpHeader.code(error, Ipv4Header.MIN_BYTES)).as("too big").isEqualTo(4);
      assertThat(IcmpHeader.nextHopMtu(error, Ipv4Header.MIN_BYTES)).isEqualTo(carried);
      narrow.ping(wide.ipv4(), 3);
      assertThat(narrow.isAnswered()).isTrue();
      assertThat(narrow.closed()).isNotDone();
    }
  }

  @Test
  void a_tunnel_survives_every_change_of_its_nodes_port() throws Exception {
    try (FaultyUdpRelay relay = fixture.relay(LinkFaults.none(0));
        TestNode moving = fixture.node(relay, "moving");
        TestNode other = fixture.node("other")) {
      for (int port = 0; port < 20; port++) {
        relay.rebind();
        ping(moving, other, 2 * port);
        ping(other, moving, 2 * port + 1);
      }

      assertThat(moving.closed()).isNotDone();
      assertThat(fixture.overlay().nodes()).isEqualTo(2);
      assertThat(fixture.overlay().tunnelled().established())
          .as("no node has come back with another session")
          .isEqualTo(2);
    }
  }

  /// Pings until there is an answer: what is on its way while the port changes may be lost.
  private static void ping(TestNode from, TestNode to, int sequence) throws Exception {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              from.ping(to.ipv4(), sequence);
              return from.next(200) != null;
            });
  }
}
