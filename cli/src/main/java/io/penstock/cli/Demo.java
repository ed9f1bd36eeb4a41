package io.penstock.cli;

import io.penstock.api.AddRouteRequest;
import io.penstock.api.BackendInfo;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.HostPort;
import io.penstock.api.Scope;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.config.TunnelSettings;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.node.demo.DemoNodes;
import io.penstock.node.demo.DemoServing;
import io.penstock.node.demo.DemoVpn;
import io.penstock.node.demo.SampleApp;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A gateway with a route and a token, and a sample app, ready for an agent between the two.
///
/// It goes through the same doors as a user: the admin API over HTTP with the token from the data
/// directory. [#close()] ends all of it and removes the directory.
final class Demo implements AutoCloseable {

  private static final String DOMAIN = "hello.localhost";
  private static final String USER = "demo";

  /// Requests that are left when the user has had enough get little time.
  private static final Duration DRAIN_LIMIT = Duration.ofSeconds(5);

  /// Which ports the gateway takes.
  enum Ports {
    USUAL,
    FREE
  }

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final Gateway gateway;
  private final SampleApp app;
  private final AdminClient admin;
  private final String token;

  private Demo(Ports ports) throws IOException {
    try {
      Path data = Files.createTempDirectory("penstock-demo");
      open.push(() -> remove(data));
      gateway = Gateway.start(config(data, ports));
      open.push(gateway);
      app = SampleApp.start();
      open.push(app);
      String secret = Files.readString(gateway.adminTokenFile()).strip();
      admin = AdminClient.plain(hostPort(gateway.addresses().admin()), secret);
      open.push(admin);
      admin.addRoute(new AddRouteRequest(DOMAIN, USER));
      token =
          admin
              .createToken(
                  new CreateTokenRequest(
                      USER, Set.of(Scope.CONNECT, Scope.OVERLAY), Optional.empty()))
              .token();
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  static Demo start(Ports ports) throws IOException {
    return new Demo(ports);
  }

  private static GatewayConfig config(Path data, Ports ports) {
    var builder = GatewayConfig.builder().data(data);
    return switch (ports) {
      case FREE -> builder.onFreePorts().build();
      // Nobody on the network has business with a demo.
      case USUAL ->
          builder
              .tunnel(
                  TunnelSettings.DEFAULT.listeningOn(
                      new HostPort("127.0.0.1", TunnelSettings.DEFAULT_TLS.port())))
              .overlay(
                  OverlaySettings.DEFAULT.listeningOn(
                      new HostPort("127.0.0.1", OverlaySettings.DEFAULT_QUIC.port())))
              .build();
    };
  }

  /// What an agent for this demo needs.
  AgentConfig agentConfig() {
    InetSocketAddress address = gateway.addresses().tunnel();
    return AgentConfig.builder(address.getHostString(), address.getPort(), AppConfig.to(app.uri()))
        .trust(trust())
        .token(token)
        .domains(List.of(DOMAIN))
        .drainLimit(DRAIN_LIMIT)
        .build();
  }

  private Trust trust() {
    return new Trust.Pinned(Fingerprint.parse(gateway.fingerprint().orElseThrow()));
  }

  /// What tries the overlay, if this machine has QUIC.
  Optional<DemoNodes> nodes() {
    return gateway.overlay().map(_ -> new DemoNodes(tunnel(), trust(), token));
  }

  /// What tries what nodes offer each other, if this machine has QUIC.
  Optional<DemoServing> serving() {
    return gateway.overlay().map(_ -> new DemoServing(tunnel(), trust(), token, app.uri()));
  }

  /// What tries both roles of codervpn, if this machine has QUIC.
  Optional<DemoVpn> vpn() {
    return gateway.overlay().map(_ -> new DemoVpn(tunnel(), trust(), token));
  }

  /// Where visitors connect.
  InetSocketAddress ingress() {
    return gateway.addresses().http().orElseThrow();
  }

  /// What visitors send as `Host`.
  String host() {
    return DOMAIN + ":" + ingress().getPort();
  }

  /// What visitors type.
  String url() {
    return "http://" + host();
  }

  HostPort tunnel() {
    return hostPort(gateway.addresses().tunnel());
  }

  URI app() {
    return app.uri();
  }

  /// The connections of agents that are in use now, by id.
  List<String> agents() {
    try {
      return admin.backends().stream()
          .filter(BackendInfo::usable)
          .map(BackendInfo::id)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    @Nullable IOException first = null;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        if (first == null) {
          first = new IOException("the demo did not end cleanly: " + e.getMessage(), e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private static HostPort hostPort(InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  private static void remove(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failed)
              throws IOException {
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
