package io.penstock.gateway.overlay.session;

import static io.penstock.gateway.overlay.MovedClock.NOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.CreatedToken;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.api.IsdAs;
import io.penstock.api.Json;
import io.penstock.api.NodeKey;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.Scope;
import io.penstock.api.Session;
import io.penstock.api.SessionProof;
import io.penstock.api.SessionRequest;
import io.penstock.api.client.ApiException;
import io.penstock.api.client.SessionClient;
import io.penstock.gateway.client.ClientApiServer;
import io.penstock.gateway.client.ClientGate;
import io.penstock.gateway.overlay.MovedClock;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Sessions over the real client API, with the client that ships.
class SessionApiTest {

  private static final UUID NODE = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private static final OverlayNetwork NETWORK =
      new OverlayNetwork(
          List.of(IpPrefix.parse("10.86.0.0/16"), IpPrefix.parse("fd7c::/64")),
          1280,
          "penstock.internal",
          List.of(IpAddress.parse("10.86.0.1"), IpAddress.parse("fd7c::1")),
          new IsdAs(16, 64512),
          600,
          10_000);

  @TempDir Path directory;

  private final MovedClock clock = new MovedClock();
  private final KeyPair key = newKey();
  private Storage storage;
  private NodeTokens tokens;
  private ClientApiServer server;
  private CreatedToken token;

  @BeforeEach
  void start() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    SessionConfig config = SessionConfig.DEFAULT;
    tokens = new NodeTokens(config, "overlay:penstock.internal", storage.overlay(), clock);
    SessionApi api =
        new SessionApi(
            new SignedRequests(config, new ClientGate(storage), storage.overlay(), clock),
            tokens,
            new SessionApi.Surroundings(() -> HostPort.parse(":7443"), NETWORK));
    server = new ClientApiServer(directory, storage, api.endpoints());
    token = server.token("ann", Scope.OVERLAY);
  }

  @AfterEach
  void stop() {
    server.close();
    storage.close();
  }

  private static KeyPair newKey() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static SessionRequest request(UUID node, String name, KeyPair key) {
    return new SessionRequest(node, name, NodeKey.of(key.getPublic()));
  }

  private Session open(String apiToken, UUID node, String name, KeyPair key) throws Exception {
    clock.advance(Duration.ofMillis(1));
    try (SessionClient client =
        new SessionClient(server.address(), server.trust(), apiToken, clock)) {
      return client.open(request(node, name, key), key.getPrivate());
    }
  }

  private void isRefused(
      String apiToken, UUID node, String name, KeyPair key, int status, String code) {
    assertThatThrownBy(() -> open(apiToken, node, name, key))
        .isInstanceOfSatisfying(
            ApiException.class,
            e -> {
              assertThat(e.status()).as(e.getMessage()).isEqualTo(status);
              assertThat(e.code()).isEqualTo(code);
            });
  }

  @Test
  void sellsASessionToANodeThatSignsForIt() throws Exception {
    Session session = open(token.token(), NODE, "db", key);

    assertThat(session.quic()).isEqualTo(new HostPort("127.0.0.1", 7443));
    assertThat(session.alpn()).isEqualTo("snaptun");
    assertThat(session.network()).isEqualTo(NETWORK);
    assertThat(session.expires()).isEqualTo(NOON.plus(SessionConfig.DEFAULT_SESSION_LIFETIME));
    assertThat(session).asString().doesNotContain(session.token());
    assertThat(tokens.verify(session.token()))
        .isInstanceOfSatisfying(
            TokenVerdict.Valid.class,
            valid -> {
              assertThat(valid.claims().node()).isEqualTo(NODE);
              assertThat(valid.claims().user()).isEqualTo("ann");
              assertThat(valid.claims().apiToken()).isEqualTo(token.id());
            });
  }

  @Test
  void remembersTheNodeOnce() throws Exception {
    open(token.token(), NODE, "db", key);
    open(token.token(), NODE, "db", key);

    assertThat(storage.overlay().nodes())
        .singleElement()
        .satisfies(
            node -> {
              assertThat(node.id()).isEqualTo(NODE);
              assertThat(node.name()).isEqualTo("db");
              assertThat(node.user()).isEqualTo("ann");
              assertThat(node.publicKey()).isEqualTo(NodeKey.of(key.getPublic()));
            });
  }

  @Test
  void givesNobodyTheIdOrNameOfANodeWhoseKeyTheyLack() throws Exception {
    open(token.token(), NODE, "db", key);
    String bobs = server.token("bob", Scope.OVERLAY).token();

    isRefused(token.token(), NODE, "db", newKey(), 403, "key_mismatch");
    isRefused(token.token(), NODE, "web", key, 409, "name_bound");
    isRefused(token.token(), UUID.randomUUID(), "db", newKey(), 409, "name_taken");
    isRefused(bobs, NODE, "db", key, 403, "wrong_user");
  }

  @Test
  void sellsToNoTokenThatMayNotJoin() throws Exception {
    isRefused(server.token("ann", Scope.CONNECT).token(), NODE, "db", key, 403, "missing_scope");
    isRefused("pst_x", NODE, "db", key, 401, "bad_token");
    storage.revokeToken(token.id());
    isRefused(token.token(), NODE, "db", key, 401, "bad_token");
    assertThat(storage.overlay().nodes()).isEmpty();
  }

  @Test
  void saysWhatANameMayBe() {
    assertThatThrownBy(() -> request(NODE, "Not-This", key))
        .hasMessageContaining("allowed is 1 to 63 lower-case letters");
  }

  // ---- what the client would not send ----

  private HttpResponse<String> post(String body, String header) throws Exception {
    return post(body, header, token.token());
  }

  private HttpResponse<String> post(String body, String header, String apiToken) throws Exception {
    HttpRequest.Builder post =
        HttpRequest.newBuilder(URI.create("https://" + server.address() + "/api/v1/sessions"))
            .header("Authorization", "Bearer " + apiToken)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body));
    if (!header.isEmpty()) {
      post.header(SessionProof.HEADER, header);
    }
    try (HttpClient http = HttpClient.newBuilder().sslContext(server.trust()).build()) {
      return http.send(post.build(), BodyHandlers.ofString());
    }
  }

  private String body(String name) {
    return Json.writeText(request(NODE, name, key));
  }

  private String proof(String body, Instant signed) {
    return SessionProof.sign(
            key.getPrivate(), token.token(), body.getBytes(StandardCharsets.UTF_8), signed)
        .header();
  }

  private static void isProblem(HttpResponse<String> response, int status, String code) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.body()).contains("\"code\":\"" + code + "\"");
    assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
  }

  @Test
  void takesNoRequestTwice() throws Exception {
    String header = proof(body("db"), NOON);

    assertThat(post(body("db"), header).statusCode()).isEqualTo(201);
    isProblem(post(body("db"), header), 409, "replayed");
    isProblem(post(body("db"), proof(body("db"), NOON.minusMillis(1))), 409, "replayed");
    assertThat(post(body("db"), proof(body("db"), NOON.plusMillis(1))).statusCode()).isEqualTo(201);
  }

  @Test
  void takesNoRequestFromAnotherTime() throws Exception {
    Duration tolerance = SessionConfig.DEFAULT_SIGNATURE_TOLERANCE;

    isProblem(
        post(body("db"), proof(body("db"), NOON.minus(tolerance).minusMillis(1))),
        403,
        "clock_skew");
    isProblem(
        post(body("db"), proof(body("db"), NOON.plus(tolerance).plusMillis(1))), 403, "clock_skew");
    assertThat(post(body("db"), proof(body("db"), NOON.minus(tolerance))).statusCode())
        .isEqualTo(201);
  }

  @Test
  void takesNoSignatureOfAnotherRequestTimeOrToken() throws Exception {
    String signature = proof(body("db"), NOON);
    String other = server.token("ann", Scope.OVERLAY).token();

    isProblem(post(body("web"), signature), 403, "bad_signature");
    isProblem(post(body("db") + " ", signature), 403, "bad_signature");
    isProblem(
        post(
            body("db"),
            signature.replace("" + NOON.toEpochMilli(), "" + NOON.plusMillis(1).toEpochMilli())),
        403,
        "bad_signature");
    isProblem(post(body("db"), signature, other), 403, "bad_signature");
    assertThat(storage.overlay().nodes()).isEmpty();
  }

  @Test
  void takesNoRequestWithoutASignatureOrWithAnotherForm() throws Exception {
    isProblem(post(body("db"), ""), 400, "no_signature");
    isProblem(post(body("db"), "v2 1 x"), 400, "no_signature");
    isProblem(
        post(body("db").replace("}", ",\"more\":1}"), proof(body("db"), NOON)), 400, "bad_request");
    isProblem(post("{}", proof("{}", NOON)), 400, "bad_request");
  }

  @Test
  void letsAGuardInOnlyWhatIsStillGoodInTheStorage() throws Exception {
    SessionGuard guard = new SessionGuard(tokens, storage);
    String session = open(token.token(), NODE, "db", key).token();
    assertThat(guard.check(session)).isInstanceOf(TokenVerdict.Valid.class);
    assertThat(guard.check("x")).isInstanceOf(TokenVerdict.Malformed.class);

    storage.revokeToken(token.id());
    assertThat(guard.check(session)).isEqualTo(new TokenVerdict.Revoked());

    String another = server.token("ann", Scope.OVERLAY).token();
    String again = open(another, NODE, "db", key).token();
    assertThat(guard.check(again)).isInstanceOf(TokenVerdict.Valid.class);
    storage.overlay().withLeases(leases -> leases.removeNode(NODE));
    assertThat(guard.check(again)).isEqualTo(new TokenVerdict.Revoked());
  }
}
