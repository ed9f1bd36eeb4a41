package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.AddRouteRequest;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.HostPort;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.GatewayAddresses;
import io.penstock.gateway.backend.Backend;
import io.penstock.gateway.backend.BackendConfig;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.config.TunnelSettings;
import io.penstock.gateway.ingress.IngressConfig;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// A gateway with one user, on free ports of the loopback and with KCP, as tests use it.
final class TestGateway implements AutoCloseable {

  static final String USER = "user";

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final HostPort ANY_PORT = new HostPort("127.0.0.1", 0);
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final UnaryOperator<GatewayConfig.Builder> settings;
  private final Path data;
  private final CreatedToken token;
  private Gateway gateway;

  private TestGateway(Path data, UnaryOperator<GatewayConfig.Builder> settings) throws IOException {
    this.data = data;
    this.settings = settings;
    this.gateway = Gateway.start(config(ANY_PORT, ANY_PORT, ANY_PORT));
    this.token = newToken(USER);
  }

  static TestGateway start(Path data) throws IOException {
    return start(data, UnaryOperator.identity());
  }

  /// Starts one that differs from the usual.
  static TestGateway start(Path data, UnaryOperator<GatewayConfig.Builder> settings)
      throws IOException {
    return new TestGateway(data, settings);
  }

  /// The usual limits on agents, but for four.
  static BackendConfig tunnelLimits(
      Duration handshakeLimit,
      Duration helloLimit,
      Duration keepAliveInterval,
      Duration keepAliveTimeout) {
    BackendConfig usual = BackendConfig.DEFAULT;
    return new BackendConfig(
        handshakeLimit,
        helloLimit,
        usual.helloBytes(),
        usual.maxUnadmitted(),
        usual.maxConnections(),
        keepAliveInterval,
        keepAliveTimeout,
        usual.receiveBufferBytes(),
        usual.streamWindowBytes(),
        usual.originalReceiveBufferBytes(),
        usual.stallLimit(),
        usual.farewell());
  }

  /// Changes the limits on agents, as a parameter of [#start].
  static GatewayConfig.Builder withTunnelLimits(
      GatewayConfig.Builder builder, BackendConfig limits) {
    TunnelSettings usual = builder.build().tunnel();
    return builder.tunnel(
        new TunnelSettings(usual.tls(), usual.kcp(), usual.certificate(), usual.key(), limits));
  }

  /// Changes the limits on visitors, as a parameter of [#start].
  static GatewayConfig.Builder withIngressLimits(
      GatewayConfig.Builder builder, IngressConfig limits) {
    return builder.ingress(builder.build().ingress().withLimits(limits));
  }

  private GatewayConfig config(HostPort http, HostPort tunnel, HostPort kcp) {
    GatewayConfig.Builder builder = GatewayConfig.builder().data(data).onFreePorts();
    GatewayConfig free = builder.build();
    builder.ingress(free.ingress().listeningOn(http, ANY_PORT));
    builder.tunnel(TunnelSettings.DEFAULT.listeningOn(tunnel).withKcp(kcp));
    return settings.apply(builder).build();
  }

  Gateway gateway() {
    return gateway;
  }

  GatewayAddresses addresses() {
    return gateway.addresses();
  }

  /// Where visitors come in, as `host:port`.
  String http() {
    return text(addresses().http().orElseThrow());
  }

  /// Where visitors come in over TLS.
  String https() {
    return text(addresses().https().orElseThrow());
  }

  /// Where agents come in over TCP.
  String tunnel() {
    return text(addresses().tunnel());
  }

  /// Where agents come in over KCP.
  String kcp() {
    return text(addresses().kcp().orElseThrow());
  }

  static String text(InetSocketAddress address) {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }

  Path ca() {
    return gateway.caCertificate().orElseThrow();
  }

  /// The user's token.
  CreatedToken token() {
    return token;
  }

  String secret() {
    return token.token();
  }

  CreatedToken newToken(String user) throws IOException {
    try (AdminClient admin = admin()) {
      return admin.createToken(
          new CreateTokenRequest(user, Set.of(Scope.CONNECT), Optional.empty()));
    }
  }

  AdminClient admin() throws IOException {
    InetSocketAddress at = addresses().admin();
    return AdminClient.plain(
        new HostPort(at.getAddress().getHostAddress(), at.getPort()),
        Files.readString(gateway.adminTokenFile()).strip());
  }

  /// Adds a route that nobody has used before.
  String newRoute() throws IOException {
    return addRoute("app" + NAMES.incrementAndGet() + ".localhost");
  }

  String addRoute(String route) throws IOException {
    try (AdminClient admin = admin()) {
      return admin.addRoute(new AddRouteRequest(route, USER)).route();
    }
  }

  /// An agent of ours for the routes, before it is started.
  AgentConfig.Builder agent(URI app, String... routes) {
    return agent(AppConfig.to(app), routes);
  }

  AgentConfig.Builder agent(AppConfig app, String... routes) {
    InetSocketAddress at = addresses().tunnel();
    return AgentConfig.builder(at.getAddress().getHostAddress(), at.getPort(), app)
        .trust(new Trust.CaFile(ca()))
        .token(secret())
        .backoff(Duration.ofMillis(100), Duration.ofSeconds(1))
        .domains(List.of(routes));
  }

  List<Backend> backends(String route) {
    return gateway.backends().byDomain(RouteName.parse(route));
  }

  Set<String> ids(String route) {
    return backends(route).stream().map(Backend::id).collect(Collectors.toSet());
  }

  /// Waits until exactly so many connections serve the route.
  Set<String> awaitBackends(String route, int count) {
    return await("the route " + route + " served by " + count)
        .atMost(LIMIT)
        .until(() -> ids(route), ids -> ids.size() == count);
  }

  /// Ends the gateway and starts another on the same ports and data.
  void restart() throws IOException {
    GatewayAddresses at = addresses();
    gateway.close();
    gateway =
        Gateway.start(
            config(
                HostPort.parse(text(at.http().orElseThrow())),
                HostPort.parse(text(at.tunnel())),
                HostPort.parse(text(at.kcp().orElseThrow()))));
    assertThat(addresses().tunnel()).isEqualTo(at.tunnel());
  }

  @Override
  public void close() {
    gateway.close();
  }
}
