package io.penstock.gateway.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.Discovery;
import io.penstock.api.HostPort;
import io.penstock.api.PublicEndpoint;
import io.penstock.api.RouteInfo;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.api.client.ApiException;
import io.penstock.api.client.DiscoveryClient;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The client API behind TLS and ALPN, as on the tunnel port, with the client that ships.
class ClientApiTest {

  @TempDir Path directory;

  private Storage storage;
  private ClientApiServer server;

  @BeforeEach
  void start() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), Clock.systemUTC());
    server = new ClientApiServer(directory, storage, List.of());
  }

  @AfterEach
  void stop() {
    server.close();
    storage.close();
  }

  private DiscoveryClient client() throws Exception {
    return new DiscoveryClient(server.address(), server.trust());
  }

  @Test
  void tellsWhereItsOtherDoorsAre() throws Exception {
    try (DiscoveryClient client = client()) {
      Discovery found = client.discover();

      assertThat(found.kcp()).contains(new HostPort("127.0.0.1", 7444));
      assertThat(found.quic()).isEmpty();
      assertThat(found.version()).isEqualTo("0.1.0");
      assertThat(found.publicEndpoints()).containsExactly(new PublicEndpoint("http", 8000));
    }
  }

  @Test
  void listsTheRoutesOfTheTokensUser() throws Exception {
    storage.addRoute(RouteName.parse("ann.localhost"), "ann");
    storage.addRoute(RouteName.parse("bob.localhost"), "bob");
    String token = token(Scope.CONNECT);
    try (DiscoveryClient client = client()) {
      assertThat(client.routes(token))
          .singleElement()
          .satisfies(
              route -> {
                assertThat(route.route()).isEqualTo("ann.localhost");
                assertThat(route.urls()).containsExactly("http://ann.localhost:8000");
              });
      storage.removeRoute(RouteName.parse("ann.localhost"));
      assertThat(client.routes(token)).extracting(RouteInfo::route).isEmpty();
    }
  }

  @Test
  void tellsNobodyTheRoutesWhoHasNoTokenForThem() throws Exception {
    String overlay = token(Scope.OVERLAY);
    try (DiscoveryClient client = client()) {
      assertThatThrownBy(() -> client.routes("pst_x"))
          .isInstanceOfSatisfying(
              ApiException.class, e -> assertThat(e.code()).isEqualTo("bad_token"))
          .hasMessageContaining("penstock token create");
      assertThatThrownBy(() -> client.routes(overlay))
          .isInstanceOfSatisfying(
              ApiException.class, e -> assertThat(e.code()).isEqualTo("missing_scope"));
    }
  }

  @Test
  void isRefusedByAClientThatDoesNotTrustIt() throws Exception {
    try (DiscoveryClient client = new DiscoveryClient(server.address(), SSLContext.getDefault())) {
      assertThatThrownBy(client::discover)
          .isInstanceOf(ApiException.class)
          .hasMessageContaining("no secure connection to https://127.0.0.1:")
          .hasMessageContaining("--ca")
          .hasMessageContaining("--fingerprint");
    }
  }

  private String token(Scope scope) throws Exception {
    return server.token("ann", scope).token();
  }
}
