package io.penstock.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.AddRouteRequest;
import io.penstock.api.BackendInfo;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.GatewayStatus;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.LeaseInfo;
import io.penstock.api.NodeInfo;
import io.penstock.api.RouteInfo;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.api.TokenInfo;
import io.penstock.api.client.AdminClient;
import io.penstock.api.client.ApiException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The client and the server of the admin API with each other.
class AdminClientTest {

  @TempDir Path directory;

  private AdminFixture fixture;
  private AdminClient client;

  @BeforeEach
  void start() throws Exception {
    fixture = new AdminFixture(directory);
    client = fixture.client();
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    fixture.close();
  }

  @Test
  void makesListsAndRevokesTokens() throws Exception {
    Instant end = Instant.parse("2999-01-01T00:00:00Z");
    CreatedToken created =
        client.createToken(new CreateTokenRequest("ann", Set.of(Scope.CONNECT), Optional.of(end)));

    assertThat(fixture.storage.hasToken(created.token())).isPresent();
    assertThat(client.tokens()).extracting(TokenInfo::user).containsExactly("ops", "ann");
    assertThat(client.tokens().getLast().expires()).contains(end);

    client.revokeToken(created.id());

    assertThat(fixture.storage.hasToken(created.token())).isEmpty();
    assertThat(fixture.operations.asked).containsExactly("tokenRevoked " + created.id());
    assertThat(client.tokens().getLast().revoked()).isPresent();
  }

  @Test
  void addsListsAndRemovesRoutes() throws Exception {
    RouteInfo added = client.addRoute(new AddRouteRequest("App.Example.com/api/", "ann"));

    assertThat(added.route()).isEqualTo("app.example.com/api");
    assertThat(added.urls())
        .containsExactly("https://app.example.com/api", "http://app.example.com:8000/api");
    assertThat(client.routes()).containsExactly(added);
    assertThat(fixture.operations.asked).containsExactly("routeAdded app.example.com/api ann");

    client.removeRoute(RouteName.parse("app.example.com/api"));

    assertThat(client.routes()).isEmpty();
    assertThat(fixture.operations.asked)
        .containsExactly("routeAdded app.example.com/api ann", "routeRemoved app.example.com/api");
  }

  @Test
  void saysWhoHasARouteAlready() throws Exception {
    client.addRoute(new AddRouteRequest("app.example.com", "ann"));

    assertThatThrownBy(() -> client.addRoute(new AddRouteRequest("app.example.com", "bob")))
        .isInstanceOfSatisfying(
            ApiException.class,
            e -> {
              assertThat(e.status()).isEqualTo(409);
              assertThat(e.code()).isEqualTo("route_taken");
              assertThat(e)
                  .hasMessage("the route app.example.com exists already and belongs to ann");
            });
    assertThat(fixture.operations.asked).containsExactly("routeAdded app.example.com ann");
  }

  @Test
  void listsAndKillsBackends() throws Exception {
    assertThat(client.backends()).extracting(BackendInfo::id).containsExactly("b1", "b2");
    assertThat(client.backends().getFirst().phi()).isEqualTo(BackendInfo.MAX_PHI);
    assertThat(client.backendsOf(RouteName.parse("bob.example.com/x")))
        .extracting(BackendInfo::id)
        .containsExactly("b2");
    assertThat(client.backendsOfUser("ann")).extracting(BackendInfo::id).containsExactly("b1");

    client.kill("b1");

    assertThat(client.backends()).extracting(BackendInfo::id).containsExactly("b2");
    assertThatThrownBy(() -> client.kill("b1"))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("there is no backend with this id");
  }

  @Test
  void listsNodesAndKicksOrForgetsThem() throws Exception {
    assertThat(client.nodes()).extracting(NodeInfo::name).containsExactly("db", "web");
    assertThat(client.nodes().getFirst().id()).isEqualTo(RecordingOverlay.DB);

    client.kickNode("db");
    client.forgetNode("web");

    assertThat(fixture.operations.asked).containsExactly("kick db", "forget web");
    assertThatThrownBy(() -> client.kickNode("web"))
        .isInstanceOfSatisfying(
            ApiException.class, e -> assertThat(e.code()).isEqualTo("not_connected"));
    assertThatThrownBy(() -> client.kickNode("nobody"))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo("no_node"));
  }

  @Test
  void listsLeasesAndReleasesThem() throws Exception {
    assertThat(client.leases())
        .extracting(LeaseInfo::state)
        .containsExactly(LeaseInfo.State.ASSIGNED, LeaseInfo.State.HELD);

    client.releaseLease(IpAddress.parse("fd7c::a"));

    assertThat(fixture.operations.asked).containsExactly("release fd7c::a");
    assertThatThrownBy(() -> client.releaseLease(IpAddress.parse("10.86.0.9")))
        .isInstanceOf(ApiException.class)
        .hasMessage("the node that has 10.86.0.9 is connected; kick it first");
    assertThatThrownBy(() -> client.releaseLease(IpAddress.parse("10.86.0.10")))
        .isInstanceOfSatisfying(
            ApiException.class, e -> assertThat(e.code()).isEqualTo("no_lease"));
  }

  @Test
  void asksForTheStatus() throws Exception {
    GatewayStatus status = client.status();

    assertThat(status).isEqualTo(fixture.operations.status());
  }

  @Test
  void saysWhatIsNotThere() {
    assertThatThrownBy(() -> client.revokeToken("tok_?/x"))
        .isInstanceOfSatisfying(
            ApiException.class, e -> assertThat(e.code()).isEqualTo("no_token"));
    assertThatThrownBy(() -> client.removeRoute(RouteName.parse("no.example.com")))
        .isInstanceOf(ApiException.class)
        .hasMessage("there is no route no.example.com");
    assertThat(fixture.operations.asked).isEmpty();
  }

  @Test
  void saysWhatToTypeWhenTheTokenIsNotTaken() throws Exception {
    String lesser = fixture.token(Scope.CONNECT);
    try (AdminClient wrong = AdminClient.plain(fixture.server.address(), "pst_x");
        AdminClient weak = AdminClient.plain(fixture.server.address(), lesser)) {
      assertThatThrownBy(wrong::status)
          .isInstanceOf(ApiException.class)
          .hasMessageContaining("the token is unknown, revoked or expired; give the --data DIR");
      assertThatThrownBy(weak::tokens)
          .isInstanceOf(ApiException.class)
          .hasMessageContaining("the token of ops lacks the scope admin; give the --data DIR");
    }
  }

  @Test
  void saysWhatToTypeWhenNothingAnswers() throws Exception {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    try (AdminClient nobody = AdminClient.plain(new HostPort("127.0.0.1", free), "pst_x")) {
      assertThatThrownBy(nobody::status)
          .isInstanceOf(ApiException.class)
          .hasMessage(
              "nothing answers at http://127.0.0.1:%d; start a gateway with \"penstock gateway\", or say where it is with --data DIR or --admin HOST:PORT"
                  .formatted(free));
    }
  }

  @Test
  void sendsNoTokenToAnotherMachineWithoutTls() {
    assertThatThrownBy(() -> AdminClient.plain(HostPort.parse("192.0.2.1:7070"), "pst_x"))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("192.0.2.1:7070 is not on this machine");
  }
}
