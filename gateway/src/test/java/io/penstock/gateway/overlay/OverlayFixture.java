package io.penstock.gateway.overlay;

import io.netty.channel.EventLoopGroup;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.Scope;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/// A whole gateway on free ports, the threads of nodes, and nodes of one user with and without a
/// relay in between.
final class OverlayFixture implements AutoCloseable {

  private final EventLoopGroup loops;
  private final Gateway gateway;
  private final CreatedToken token;

  private OverlayFixture(Path directory) throws Exception {
    loops = NativeSupport.newEventLoops(2, "nodes");
    gateway =
        Gateway.start(
            GatewayConfig.builder().data(directory.resolve("data")).onFreePorts().build());
    token =
        gateway
            .storage()
            .createToken(new CreateTokenRequest("ann", Set.of(Scope.OVERLAY), Optional.empty()));
  }

  static OverlayFixture start(Path directory) throws Exception {
    return new OverlayFixture(directory);
  }

  Overlay overlay() {
    return gateway.overlay().orElseThrow();
  }

  private InetSocketAddress quic() {
    return gateway.addresses().overlay().orElseThrow();
  }

  /// A path to the gateway with these faults, the same ones every time.
  FaultyUdpRelay relay(LinkFaults faults) throws IOException {
    return FaultyUdpRelay.start(quic(), faults, 1);
  }

  /// A node whose path has no faults.
  TestNode node(String name) throws Exception {
    return node(quic(), name);
  }

  TestNode node(FaultyUdpRelay through, String name) throws Exception {
    return node(through.address(), name);
  }

  private TestNode node(InetSocketAddress through, String name) throws Exception {
    return TestNode.through(through, gateway, loops.next(), token.token(), name);
  }

  @Override
  public void close() {
    gateway.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5));
  }
}
