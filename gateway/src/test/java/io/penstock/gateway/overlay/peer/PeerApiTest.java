package io.penstock.gateway.overlay.peer;

import static io.penstock.gateway.overlay.peer.PeerFixture.held;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.CreatedToken;
import io.penstock.api.Json;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.api.Scope;
import io.penstock.gateway.client.ClientApiServer;
import io.penstock.gateway.client.ClientGate;
import io.penstock.gateway.overlay.session.NodeTokens;
import io.penstock.gateway.overlay.session.SessionConfig;
import io.penstock.gateway.overlay.session.SessionGuard;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Peers over the real client API.
class PeerApiTest {

  @TempDir Path directory;

  private Storage storage;
  private PeerFixture fixture;
  private NodeTokens tokens;
  private ClientApiServer server;
  private HttpClient http;
  private CreatedToken ann;

  @BeforeEach
  void start() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), Clock.systemUTC());
    fixture = new PeerFixture(storage);
    tokens =
        new NodeTokens(SessionConfig.DEFAULT, "overlay:x", storage.overlay(), Clock.systemUTC());
    PeerApi api =
        new PeerApi(
            new ClientGate(storage),
            new SessionGuard(tokens, storage),
            fixture.directory,
            PeerFixture.SAME_USER);
    server = new ClientApiServer(directory, storage, api.endpoints());
    http = HttpClient.newBuilder().sslContext(server.trust()).build();
    ann = server.token("ann", Scope.OVERLAY);
  }

  @AfterEach
  void stop() {
    http.shutdownNow();
    server.close();
    storage.close();
  }

  private HttpRequest request(String path, String token) {
    return HttpRequest.newBuilder(URI.create("https://" + server.address() + path))
        .header("Authorization", "Bearer " + token)
        .build();
  }

  private HttpResponse<String> get(String path, String token) throws Exception {
    return http.send(request(path, token), BodyHandlers.ofString());
  }

  private PeerSnapshot peers(String token) throws Exception {
    HttpResponse<String> response = get("/api/v1/peers", token);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return Json.readAnswer(response.body().getBytes(StandardCharsets.UTF_8), PeerSnapshot.class);
  }

  private BufferedReader changes(String token) throws Exception {
    var response = http.send(request("/api/v1/peers/changes", token), BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream");
    return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
  }

  /// Reads one event, without comments, as `name data`.
  private static String event(BufferedReader events) throws IOException {
    String name = "";
    String data = "";
    for (String line = events.readLine(); line != null; line = events.readLine()) {
      if (line.startsWith("event: ")) {
        name = line.substring(7);
      } else if (line.startsWith("data: ")) {
        data = line.substring(6);
      } else if (line.isEmpty() && !name.isEmpty()) {
        return name + " " + data;
      }
    }
    return "end";
  }

  @Test
  void listsThePeersThatTheTokensUserMaySee() throws Exception {
    fixture.peer("web", "ann", "10.86.0.3", "fd7c::3");
    fixture.peer("db", "ann", "10.86.0.2");
    fixture.peer("other", "bob", "10.86.0.4");

    assertThat(peers(ann.token()).items())
        .extracting(PeerInfo::name, peer -> peer.addresses().toString(), PeerInfo::online)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("db", "[10.86.0.2]", true),
            org.assertj.core.groups.Tuple.tuple("web", "[10.86.0.3, fd7c::3]", true));
  }

  @Test
  void takesASessionTokenToo() throws Exception {
    UUID web = fixture.peer("web", "ann", "10.86.0.3");
    String session = tokens.issue(web, storage.hasToken(ann.token()).orElseThrow()).token();

    assertThat(peers(session).items()).hasSize(1);
    assertThat(get("/api/v1/peers", session.replace("A", "B")).statusCode()).isEqualTo(401);
    storage.revokeToken(ann.id());
    assertThat(get("/api/v1/peers", session).statusCode()).isEqualTo(401);
  }

  @Test
  void tellsNobodyElse() throws Exception {
    for (String path : new String[] {"/api/v1/peers", "/api/v1/peers/changes"}) {
      assertThat(get(path, "pst_x").statusCode()).isEqualTo(401);
      assertThat(get(path, server.token("ann", Scope.CONNECT).token()).statusCode()).isEqualTo(403);
    }
  }

  @Test
  void streamsASnapshotAndThenTheChanges() throws Exception {
    fixture.peer("web", "ann", "10.86.0.3");
    try (BufferedReader events = changes(ann.token())) {
      assertThat(event(events)).startsWith("snapshot {\"revision\":1,\"items\":[{");

      UUID db = fixture.peer("db", "ann", "10.86.0.2");
      fixture.peer("hidden", "bob", "10.86.0.4");
      fixture.directory.leased(held(db, "10.86.0.2"));
      fixture.directory.freed(held(db, "10.86.0.2"));

      assertThat(event(events))
          .startsWith("upserted ")
          .contains("\"name\":\"db\"", "\"online\":true");
      assertThat(event(events))
          .startsWith("upserted ")
          .contains("\"name\":\"db\"", "\"online\":false");
      assertThat(event(events)).startsWith("deleted ").contains("\"name\":\"db\"");
    }
  }

  @Test
  void endsTheStreamOfARevokedToken() throws Exception {
    try (BufferedReader events = changes(ann.token())) {
      event(events);
      storage.revokeToken(ann.id());

      assertThat(event(events)).isEqualTo("end");
    }
  }
}
