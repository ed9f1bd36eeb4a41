package io.penstock.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.HostPort;
import io.penstock.api.PublicEndpoint;
import io.penstock.api.RouteName;
import io.penstock.api.client.DiscoveryClient;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.ingress.RoundTrip.Request;
import io.penstock.gateway.ingress.RoundTripException;
import io.penstock.gateway.ingress.RoundTripException.Reason;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GatewayTest {

  @TempDir Path directory;
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void stop() {
    http.close();
  }

  @Test
  void a_first_start_makes_all_that_is_needed_and_a_second_one_keeps_it() throws Exception {
    String fingerprint;
    String token;
    try (Gateway gateway = Gateway.start(config().build())) {
      fingerprint = gateway.fingerprint().orElseThrow();
      token = Files.readString(gateway.adminTokenFile());
      assertThat(gateway.caCertificate()).get().matches(Files::isReadable);
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(gateway.adminTokenFile())))
          .isEqualTo("rw-------");
      assertThat(gateway.addresses().byKey())
          .containsOnlyKeys(
              "ingress.http", "ingress.https", "tunnel.tls", "overlay.quic", "admin.listen");
    }
    try (Gateway again = Gateway.start(config().build())) {
      assertThat(again.fingerprint()).contains(fingerprint);
      assertThat(Files.readString(again.adminTokenFile())).isEqualTo(token);
    }
  }

  @Test
  void a_port_that_is_taken_is_named_and_leaves_nothing_behind() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      HostPort taken = new HostPort("127.0.0.1", other.getLocalPort());
      GatewayConfig impossible =
          config().ingress(config().build().ingress().listeningOn(taken, taken)).build();

      assertThatThrownBy(() -> Gateway.start(impossible))
          .isInstanceOfSatisfying(
              ListenException.class, e -> assertThat(e.key()).isEqualTo("ingress.http"))
          .hasMessageContaining(taken.toString());
    }
    Gateway.start(config().build()).close();
  }

  @Test
  void two_gateways_do_not_share_a_data_directory() throws Exception {
    try (Gateway _ = Gateway.start(config().build())) {
      assertThatThrownBy(() -> Gateway.start(config().build()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("another gateway runs");
    }
  }

  @Test
  void discovery_tells_where_kcp_and_the_visitors_doors_are() throws Exception {
    GatewayConfig withKcp =
        config().tunnel(config().build().tunnel().withKcp(new HostPort("127.0.0.1", 0))).build();
    try (Gateway gateway = Gateway.start(withKcp)) {
      var trust = new Trust.CaFile(gateway.caCertificate().orElseThrow());
      var door = new HostPort("localhost", gateway.addresses().tunnel().getPort());
      try (var client = new DiscoveryClient(door, ClientTls.jdkContext(trust))) {
        var discovery = client.discover();
        assertThat(discovery.kcp().orElseThrow().port())
            .isEqualTo(gateway.addresses().kcp().orElseThrow().getPort());
        assertThat(discovery.quic().orElseThrow().port())
            .isEqualTo(gateway.addresses().overlay().orElseThrow().getPort());
        assertThat(discovery.publicEndpoints())
            .contains(
                new PublicEndpoint("http", gateway.addresses().http().orElseThrow().getPort()));
      }
    }
  }

  @Test
  void a_route_added_through_the_admin_api_answers_at_once() throws Exception {
    try (Gateway gateway = Gateway.start(config().build())) {
      assertThat(visit(gateway)).startsWith("HTTP/1.1 404 ").contains("no_route");

      HttpResponse<String> added =
          admin(gateway, "POST", "/api/v1/routes", "{\"route\":\"app.test\",\"user\":\"ada\"}");
      assertThat(added.statusCode()).as(added.body()).isEqualTo(201);

      assertThat(visit(gateway)).startsWith("HTTP/1.1 503 ").contains("no_agent");
      assertThat(admin(gateway, "GET", "/metrics", "").body())
          .contains("penstock_ingress_responses_total{class=\"5xx\"} 1.0")
          .contains("penstock_overlay_routes 2.0")
          .contains("penstock_overlay_dropped_total{reason=\"no_route\"} 0.0");
    }
  }

  @Test
  void an_embedder_brings_its_own_storage_and_sends_its_own_requests() throws Exception {
    Path file = directory.resolve("own.db");
    try (Storage own = SqliteStorage.open(file, Clock.systemUTC())) {
      own.addRoute(RouteName.parse("app.test"), "ada");
      try (Gateway gateway = Gateway.start(config().build(), own)) {
        assertThat(gateway.storage()).isSameAs(own);
        assertThatThrownBy(() -> gateway.roundTrip().send(Request.of("GET", "app.test", "/")))
            .isInstanceOfSatisfying(
                RoundTripException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NO_AGENT));
        assertThatThrownBy(() -> gateway.roundTrip().send(Request.of("GET", "no.test", "/")))
            .isInstanceOfSatisfying(
                RoundTripException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NO_ROUTE));
      }
      assertThat(own.routes()).as("still open").hasSize(1);
      assertThat(directory.resolve("data").resolve("penstock.db")).doesNotExist();
    }
  }

  @Test
  void an_idle_gateway_drains_at_once_and_closing_again_does_no_harm() throws Exception {
    Gateway gateway = Gateway.start(config().build());

    assertThat(gateway.drain(Duration.ofSeconds(30))).isTrue();
    gateway.close();
    gateway.awaitClosed();

    assertThatThrownBy(() -> visit(gateway)).isInstanceOf(IOException.class);
  }

  private GatewayConfig.Builder config() {
    return GatewayConfig.builder().data(directory.resolve("data")).onFreePorts();
  }

  /// Asks for `app.test` on a connection of its own; no client library lets us choose the host.
  private static String visit(Gateway gateway) throws IOException {
    InetSocketAddress address = gateway.addresses().http().orElseThrow();
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), US_ASCII);
    }
  }

  private HttpResponse<String> admin(Gateway gateway, String method, String path, String body)
      throws Exception {
    String token = Files.readString(gateway.adminTokenFile()).strip();
    return send(
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + gateway.addresses().admin().getPort() + path))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body)));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.timeout(Duration.ofSeconds(10)).build(), BodyHandlers.ofString());
  }
}
