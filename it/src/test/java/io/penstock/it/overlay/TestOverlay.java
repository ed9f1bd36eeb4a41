package io.penstock.it.overlay;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.HostPort;
import io.penstock.api.IpPrefix;
import io.penstock.api.Scope;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.AllowSettings;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.overlay.Overlay;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A whole gateway with an overlay, on free ports of the loopback, and the nodes that join it.
public final class TestOverlay implements AutoCloseable {

  private final Path data;
  private final List<AllowSettings> rules;
  private PoolConfig addresses = OverlaySettings.DEFAULT.addresses();
  private Gateway gateway;

  private TestOverlay(Path data, List<AllowSettings> rules) throws IOException {
    this.data = data;
    this.rules = rules;
    this.gateway = Gateway.start(config().build());
  }

  /// Starts a gateway whose only rules are these.
  public static TestOverlay start(Path data, AllowSettings... rules) throws IOException {
    return new TestOverlay(data, List.of(rules));
  }

  private GatewayConfig.Builder config() {
    return GatewayConfig.builder()
        .data(data)
        .overlay(OverlaySettings.DEFAULT.leasing(addresses).allowing(rules))
        .onFreePorts();
  }

  public Gateway gateway() {
    return gateway;
  }

  Overlay overlay() {
    return gateway.overlay().orElseThrow();
  }

  /// Where nodes send their datagrams.
  InetSocketAddress quic() {
    return gateway.addresses().overlay().orElseThrow();
  }

  public Trust trust() {
    return new Trust.Pinned(Fingerprint.parse(gateway.fingerprint().orElseThrow()));
  }

  /// Makes a token for nodes of a user.
  public CreatedToken token(String user) throws IOException {
    try (AdminClient admin = admin()) {
      return admin.createToken(
          new CreateTokenRequest(user, Set.of(Scope.OVERLAY), Optional.empty()));
    }
  }

  public AdminClient admin() throws IOException {
    return AdminClient.plain(
        hostPort(gateway.addresses().admin()), Files.readString(gateway.adminTokenFile()).strip());
  }

  /// A node of ours before it is started, quick to come back.
  PacketTunnelConfig.Builder node(NodeIdentity identity, String name, String token) {
    return PacketTunnelConfig.builder(hostPort(gateway.addresses().tunnel()), identity, name)
        .trust(trust())
        .token(token)
        .backoff(Duration.ofMillis(50), Duration.ofMillis(500));
  }

  /// Joins a new node and waits until packets travel.
  TestNode join(String name, CreatedToken token) throws IOException, InterruptedException {
    NodeIdentity identity = NodeIdentity.ephemeral();
    return TestNode.join(node(identity, name, token.token()).build());
  }

  /// Ends the gateway and starts another on the same ports and data.
  public void restart() throws IOException {
    HostPort tunnel = hostPort(gateway.addresses().tunnel());
    HostPort quic = hostPort(quic());
    gateway.close();
    GatewayConfig free = config().build();
    gateway =
        Gateway.start(
            config()
                .tunnel(free.tunnel().listeningOn(tunnel))
                .overlay(free.overlay().listeningOn(quic))
                .build());
  }

  /// The same with another range of IPv4 addresses, so that each node gets another one.
  public void restartWithOtherAddresses() throws IOException {
    addresses =
        new PoolConfig(
            Optional.of(IpPrefix.parse("10.99.0.0/24")), addresses.ipv6(), addresses.hold());
    restart();
  }

  private static HostPort hostPort(InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  @Override
  public void close() {
    gateway.close();
  }
}
