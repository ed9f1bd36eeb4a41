package io.penstock.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Counter;
import io.penstock.api.GatewayStatus;
import io.penstock.api.HostPort;
import io.penstock.api.Json;
import io.penstock.api.Problem;
import io.penstock.api.Readiness;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.Identity;
import io.penstock.gateway.config.AdminSettings;
import io.penstock.gateway.config.DataDirectory;
import io.penstock.transport.tls.ServerTls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdminServerTest {

  @TempDir Path directory;

  private AdminFixture fixture;

  @BeforeEach
  void start() throws Exception {
    fixture = new AdminFixture(directory);
  }

  @AfterEach
  void stop() throws Exception {
    fixture.close();
  }

  private HttpRequest.Builder authorized(String path) {
    return fixture.request(path).header("Authorization", "Bearer " + fixture.token);
  }

  private static Problem problem(HttpResponse<String> response) throws Exception {
    assertThat(response.headers().firstValue("Content-Type")).contains(Problem.CONTENT_TYPE);
    Problem problem =
        Json.readRequest(response.body().getBytes(StandardCharsets.UTF_8), Problem.class);
    assertThat(problem.status()).isEqualTo(response.statusCode());
    return problem;
  }

  @Test
  void refusesToListenBeyondTheLoopbackWithoutTls() {
    AdminSettings everywhere = AdminSettings.DEFAULT.listeningOn(HostPort.parse("0.0.0.0:0"));

    assertThatThrownBy(() -> AdminServer.start(everywhere, fixture.surroundings(), Set.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("admin.listen is 0.0.0.0:0, allowed is an address of the loopback")
        .hasMessageContaining("admin.certificate");
  }

  @Test
  void saysWhichAddressIsTaken() {
    AdminSettings same = AdminSettings.DEFAULT.listeningOn(fixture.server.address());

    assertThatThrownBy(() -> AdminServer.start(same, fixture.surroundings(), Set.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot listen on admin.listen " + fixture.server.address());
  }

  @Test
  void servesWithTlsEverywhereButItsMetricsOnlyToAdmins() throws Exception {
    CertificateAuthority authority =
        CertificateAuthority.loadOrCreate(directory, Clock.systemUTC());
    Identity identity =
        authority.issue(List.of("localhost"), List.of(InetAddress.ofLiteral("127.0.0.1")));
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("ca", authority.certificate());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    try (AdminServer secure =
            AdminServer.startSecure(
                AdminSettings.DEFAULT.listeningOn(HostPort.parse("0.0.0.0:0")),
                ServerTls.context(identity.key(), identity.chain(), List.of("http/1.1")),
                fixture.surroundings(),
                Set.of());
        AdminClient client =
            AdminClient.secure(
                new HostPort("127.0.0.1", secure.address().port()), fixture.token, tls);
        var http = HttpClient.newBuilder().sslContext(tls).build()) {
      assertThat(client.status().version()).isEqualTo("0.1.0");

      var metrics =
          HttpRequest.newBuilder(
              URI.create("https://127.0.0.1:" + secure.address().port() + "/metrics"));
      assertThat(http.send(metrics.build(), BodyHandlers.discarding()).statusCode()).isEqualTo(401);
      metrics.header("Authorization", "Bearer " + fixture.token);
      assertThat(http.send(metrics.build(), BodyHandlers.discarding()).statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "LOCALHOST:7070",
        "127.0.0.1",
        "[::1]:1",
        "gateway.example.com",
        "10.0.0.1"
      })
  void answersToItsOwnNames(String host) throws Exception {
    assertThat(statusLine("GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"))
        .startsWith("HTTP/1.1 200");
  }

  @ParameterizedTest
  @CsvSource({
    "rebound.attacker.example, 421",
    "localhost.attacker.example:7070, 421",
    "127.0.0.1.attacker.example, 421",
    "'', 400",
    "a b, 400",
  })
  void refusesAnotherHostAgainstRebinding(String host, int status) throws Exception {
    assertThat(statusLine("GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status);
  }

  @Test
  void refusesARequestWithoutHost() throws Exception {
    assertThat(statusLine("GET /healthz HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 400");
  }

  private String statusLine(String request) throws Exception {
    HostPort address = fixture.server.address();
    try (Socket socket = new Socket(address.host(), address.port())) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      byte[] start = socket.getInputStream().readNBytes(12);
      return new String(start, StandardCharsets.UTF_8);
    }
  }

  @Test
  void asksForATokenAndSaysWhichKind() throws Exception {
    HttpResponse<String> response = fixture.send(fixture.request("/api/v1/tokens").build());

    assertThat(problem(response).code()).isEqualTo("no_token");
    assertThat(response.statusCode()).isEqualTo(401);
    assertThat(response.headers().firstValue("WWW-Authenticate"))
        .contains("Bearer realm=\"penstock\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "POST | /api/v1/tokens | {\"user\":\"a\"} | 400 | bad_request | \"scopes\" is missing",
        "POST | /api/v1/tokens | {\"user\":\"a\",\"scopes\":[\"root\"]} | 400 | bad_request | scope"
            + " is \"root\"",
        "POST | /api/v1/tokens | { | 400 | bad_request | no valid JSON",
        "POST | /api/v1/routes | {\"route\":\"http://a.example\",\"user\":\"a\"} | 400 |"
            + " bad_request | is a URL",
        "DELETE | /api/v1/routes | | 400 | bad_request | the query parameter route is missing",
        "DELETE | /api/v1/routes?route=a..b | | 400 | bad_request | has an empty label",
        "DELETE | /api/v1/routes?route=a.b&route=a.b | | 400 | bad_request | given twice",
        "GET | /api/v1/backends?usr=a | | 400 | bad_request | allowed is domain, user",
        "GET | /api/v1/backends?domain=%zz | | 400 | bad_request | badly encoded",
        "GET | /api/v1/nothing | | 404 | no_such_path | nothing at this path",
        "GET | /api/v1/tokens/ | | 404 | no_such_path | nothing at this path",
        "PUT | /api/v1/tokens | {} | 405 | wrong_method | GET, POST",
      })
  void describesAWrongRequest(
      String method, String path, String body, int status, String code, String detail)
      throws Exception {
    String raw =
        "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            .formatted(
                method,
                path,
                fixture.token,
                body == null ? 0 : body.length(),
                body == null ? "" : body);
    String response = exchange(raw);

    assertThat(response).startsWith("HTTP/1.1 " + status);
    Problem problem =
        Json.readRequest(
            response.substring(response.indexOf("\r\n\r\n") + 4).getBytes(StandardCharsets.UTF_8),
            Problem.class);
    assertThat(problem.code()).isEqualTo(code);
    assertThat(problem.detail()).contains(detail);
  }

  private String exchange(String request) throws Exception {
    HostPort address = fixture.server.address();
    try (Socket socket = new Socket(address.host(), address.port())) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void takesNoBodyThatIsNotJson() throws Exception {
    HttpResponse<String> response =
        fixture.send(authorized("/api/v1/tokens").POST(BodyPublishers.ofString("user=a")).build());

    assertThat(response.statusCode()).isEqualTo(415);
    assertThat(problem(response).code()).isEqualTo("no_json");
  }

  @Test
  void showsTheMetricsOfTheGateway() throws Exception {
    Counter.builder("penstock.test").register(fixture.metrics).increment(3);

    HttpResponse<String> response = fixture.send(fixture.request("/metrics").build());

    assertThat(response.body()).contains("penstock_test_total 3.0");
    assertThat(response.headers().firstValue("Content-Type"))
        .contains("text/plain; version=0.0.4; charset=utf-8");
  }

  @Test
  void isReadyWhenItServesAndItsDatabaseAnswers() throws Exception {
    assertThat(readiness(200)).isEqualTo(new Readiness(true, GatewayStatus.Phase.SERVING, true));

    fixture.operations.phase = GatewayStatus.Phase.DRAINING;
    assertThat(readiness(503)).isEqualTo(new Readiness(false, GatewayStatus.Phase.DRAINING, true));
    assertThat(fixture.send(fixture.request("/healthz").build()).statusCode()).isEqualTo(200);
  }

  private Readiness readiness(int status) throws Exception {
    HttpResponse<String> response = fixture.send(fixture.request("/readyz").build());
    assertThat(response.statusCode()).isEqualTo(status);
    return Json.readRequest(response.body().getBytes(StandardCharsets.UTF_8), Readiness.class);
  }

  @Test
  void isOutOfOrderAndNotSilentWhenItsDatabaseIsAway() throws Exception {
    fixture.storage.close();

    HttpResponse<String> response = fixture.send(authorized("/api/v1/tokens").build());

    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(problem(response).code()).isEqualTo("unavailable");
    assertThat(readiness(503).storage()).isFalse();
  }

  @Test
  void writesAnAdminTokenOnceAndAgainWhenItIsNoLongerGood() throws Exception {
    try (DataDirectory data = DataDirectory.open(directory.resolve("data"))) {
      AdminToken.ensure(data, fixture.storage);
      String first = data.adminToken().orElseThrow();
      AdminToken.ensure(data, fixture.storage);
      assertThat(data.adminToken()).contains(first);
      assertThat(Files.getPosixFilePermissions(data.path().resolve(DataDirectory.ADMIN_TOKEN_FILE)))
          .hasSize(2);

      fixture.storage.revokeToken(fixture.storage.hasToken(first).orElseThrow().id());
      AdminToken.ensure(data, fixture.storage);
      assertThat(data.adminToken().orElseThrow()).isNotEqualTo(first);
      assertThat(fixture.storage.hasToken(data.adminToken().orElseThrow())).isPresent();
    }
  }
}
