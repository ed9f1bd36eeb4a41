package io.penstock.gateway.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.Scope;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import io.penstock.transport.NativeSupport;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
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
  private EventLoopGroup loops;
  private Gateway gateway;
  private CreatedToken ann;

  @BeforeEach
  void start() throws Exception {
    loops = NativeSupport.newEventLoops(2, "nodes");
    gateway =
        Gateway.start(
            GatewayConfig.builder().data(directory.resolve("data")).onFreePorts().build());
    ann =
        gateway
            .storage()
            .createToken(new CreateTokenRequest("ann", Set.of(Scope.OVERLAY), Optional.empty()));
  }

  @AfterEach
  void stop() {
    gateway.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5));
  }

  private FaultyUdpRelay relay(LinkFaults faults) throws Exception {
    return FaultyUdpRelay.start(quic(), faults, 1);
  }

  private InetSocketAddress quic() {
    return gateway.addresses().overlay().orElseThrow();
  }

  private TestNode node(InetSocketAddress through, String name) throws Exception {
    return TestNode.through(through, gateway, loops.next(), ann.token(), name);
  }

  @Test
  void a_path_too_narrow_for_ipv6_carries_ipv4_and_says_so() throws Exception {
    int carried = NARROW_BYTES - OVERHEAD_BYTES;
    try (FaultyUdpRelay relay = relay(LinkFaults.none(0).withMtu(NARROW_BYTES));
        TestNode narrow = node(relay.address(), "narrow");
        TestNode wide = node(quic(), "wide")) {
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
    try (FaultyUdpRelay relay = relay(LinkFaults.none(0));
        TestNode moving = node(relay.address(), "moving");
        TestNode other = node(quic(), "other")) {
      for (int port = 0; port < 20; port++) {
        relay.rebind();
        ping(moving, other, 2 * port);
        ping(other, moving, 2 * port + 1);
      }

      assertThat(moving.closed()).isNotDone();
      assertThat(gateway.overlay().orElseThrow().nodes()).isEqualTo(2);
      assertThat(gateway.overlay().orElseThrow().tunnelled().established())
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
