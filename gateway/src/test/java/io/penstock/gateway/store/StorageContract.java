package io.penstock.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What every storage does; run on each kind of database.
abstract class StorageContract extends OverlayStorageContract {

  private static CreateTokenRequest forAnn(Scope... scopes) {
    return new CreateTokenRequest("ann", Set.of(scopes), Optional.empty());
  }

  @Test
  void findsATokenByItsSecret() throws Exception {
    CreatedToken created = storage.createToken(forAnn(Scope.CONNECT, Scope.ADMIN));

    assertThat(storage.hasToken(created.token()))
        .contains(
            new StoredToken(
                created.id(),
                "ann",
                EnumSet.of(Scope.CONNECT, Scope.ADMIN),
                NOON,
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void makesSecretsOf256RandomBitsThatNeverRepeat() throws Exception {
    Set<String> secrets = new HashSet<>();
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      CreatedToken created = storage.createToken(forAnn(Scope.CONNECT));
      assertThat(created.token()).matches("pst_[A-Za-z0-9_-]{43}");
      assertThat(created.id()).matches("tok_[0-9a-f]{24}");
      secrets.add(created.token());
      ids.add(created.id());
    }
    assertThat(secrets).hasSize(50);
    assertThat(ids).hasSize(50);
  }

  @Test
  void keepsOnlyTheHashOfASecret() throws Exception {
    CreatedToken created = storage.createToken(forAnn(Scope.CONNECT));

    String row =
        storage.setting(
            "SELECT id || hash || owner || scopes || created_millis || COALESCE(expires_millis, 0)"
                + " FROM token");
    assertThat(row).contains(created.id()).contains(TokenSecret.hash(created.token()));
    assertThat(row).doesNotContain(created.token().substring("pst_".length()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "pst_",
        "pst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "' OR 1=1 --",
        "pst_' OR '1'='1' OR 'AAAAAAAAAAAAAAAAAAAAAAAAAA"
      })
  void knowsNoOtherSecret(String secret) throws Exception {
    storage.createToken(forAnn(Scope.CONNECT));

    assertThat(storage.hasToken(secret)).isEmpty();
  }

  @Test
  void endsATokenAtItsTime() throws Exception {
    Instant end = NOON.plusSeconds(60);
    CreatedToken created =
        storage.createToken(
            new CreateTokenRequest("ann", Set.of(Scope.CONNECT), Optional.of(end.plusNanos(5))));
    assertThat(created.expires()).contains(end);

    clock.advance(Duration.ofMillis(59_999));
    assertThat(storage.hasToken(created.token())).isPresent();
    clock.advance(Duration.ofMillis(1));
    assertThat(storage.hasToken(created.token())).isEmpty();
    assertThat(storage.tokens()).extracting(StoredToken::expires).containsExactly(Optional.of(end));
  }

  @Test
  void revokesATokenForGood() throws Exception {
    CreatedToken revoked = storage.createToken(forAnn(Scope.CONNECT));
    CreatedToken other = storage.createToken(forAnn(Scope.CONNECT));

    assertThat(storage.revokeToken(revoked.id())).isTrue();
    clock.advance(Duration.ofHours(1));
    assertThat(storage.revokeToken(revoked.id())).isTrue();

    assertThat(storage.hasToken(revoked.token())).isEmpty();
    assertThat(storage.hasToken(other.token())).isPresent();
    assertThat(storage.tokens())
        .filteredOn(token -> token.id().equals(revoked.id()))
        .extracting(StoredToken::revoked)
        .containsExactly(Optional.of(NOON));
    assertThat(storage.revokeToken("tok_none")).isFalse();
  }

  @Test
  void listsTokensTheOldestFirst() throws Exception {
    CreatedToken first = storage.createToken(forAnn(Scope.CONNECT));
    clock.advance(Duration.ofSeconds(1));
    CreatedToken second = storage.createToken(forAnn(Scope.ADMIN));

    assertThat(storage.tokens())
        .extracting(StoredToken::id)
        .containsExactly(first.id(), second.id());
  }

  @Test
  void findsARouteInAnySpelling() throws Exception {
    StoredRoute route = new StoredRoute(RouteName.parse("app.example.com/api"), "ann", NOON);

    assertThat(storage.addRoute(RouteName.parse("App.Example.com/api/"), "ann"))
        .isEqualTo(new RouteAddition.Added(route));

    assertThat(storage.hasRoute("app.example.com/api")).contains(route);
    assertThat(storage.hasRoute("APP.example.com./api/")).contains(route);
    assertThat(storage.hasRoute("app.example.com/API")).isEmpty();
    assertThat(storage.hasRoute("app.example.com")).isEmpty();
    assertThat(storage.hasRoute("x.example.com/api")).isEmpty();
    assertThat(storage.hasRoute("no route at all")).isEmpty();
    assertThat(storage.hasRoute("' OR 1=1 --")).isEmpty();
  }

  @Test
  void givesARouteToOneUserOnly() throws Exception {
    RouteName name = RouteName.parse("app.example.com");
    storage.addRoute(name, "ann");

    assertThat(storage.addRoute(name, "bob"))
        .isEqualTo(
            new RouteAddition.Taken(
                new StoredRoute(RouteName.parse("app.example.com"), "ann", NOON)));
    assertThat(storage.hasRoute("app.example.com")).map(StoredRoute::user).contains("ann");
  }

  @Test
  void removesARouteOnce() throws Exception {
    RouteName name = RouteName.parse("app.example.com");
    storage.addRoute(name, "ann");

    assertThat(storage.removeRoute(name)).isTrue();
    assertThat(storage.removeRoute(name)).isFalse();
    assertThat(storage.hasRoute("app.example.com")).isEmpty();
    assertThat(storage.addRoute(name, "bob")).isInstanceOf(RouteAddition.Added.class);
  }

  @Test
  void listsRoutesInTheSameOrderOnEveryDatabase() throws Exception {
    List<String> names =
        List.of(
            "*.b.example", "a-c.example", "a.example", "a.example/B", "a.example/a", "ab.example");
    for (String name : names.reversed()) {
      storage.addRoute(RouteName.parse(name), name.contains("/") ? "bob" : "ann");
    }

    assertThat(storage.routes())
        .extracting(route -> route.name().toString())
        .containsExactlyElementsOf(names);
    assertThat(storage.routesOf("bob"))
        .extracting(route -> route.name().toString())
        .containsExactly("a.example/B", "a.example/a");
    assertThat(storage.routesOf("eve")).isEmpty();
  }

  @Test
  void remembersEverythingAfterARestart() throws Exception {
    CreatedToken token = storage.createToken(forAnn(Scope.CONNECT));
    storage.addRoute(RouteName.parse("app.example.com"), "ann");
    storage.close();

    storage = open(clock);

    assertThat(storage.hasToken(token.token())).isPresent();
    assertThat(storage.hasRoute("app.example.com")).isPresent();
  }

  @Test
  void showsAChangeToASecondGatewayAtOnce() throws Exception {
    try (JdbiStorage second = open(clock)) {
      CreatedToken token = storage.createToken(forAnn(Scope.CONNECT));
      assertThat(second.hasToken(token.token())).isPresent();
      second.revokeToken(token.id());
      assertThat(storage.hasToken(token.token())).isEmpty();
    }
  }

  @Test
  void refusesADatabaseOfANewerProgram() throws Exception {
    storage.setting(
        insertReturning(
            "INSERT INTO schema_history (version, script, sha256) VALUES (4, 'x', 'y')"));
    storage.close();

    try {
      storage = open(clock);
    } catch (StorageException e) {
      assertThat(e).hasMessageContaining("used by a newer Penstock");
      return;
    }
    throw new AssertionError("opened a database of a newer program");
  }

  @Test
  void refusesADatabaseWhoseSchemaWasMadeByAnotherScript() throws Exception {
    storage.setting(
        insertReturning("UPDATE schema_history SET sha256 = 'other' WHERE version = 1"));
    storage.close();

    try {
      storage = open(clock);
    } catch (StorageException e) {
      assertThat(e).hasMessageContaining("made by another script");
      return;
    }
    throw new AssertionError("opened a database with another schema");
  }

  @Test
  void givesOneRouteToOneOfManyThatWantItAtOnce() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<RouteAddition>> wishes =
          IntStream.range(0, 16)
              .<Callable<RouteAddition>>mapToObj(
                  i -> () -> storage.addRoute(RouteName.parse("app.example.com"), "user" + i))
              .toList();
      int added = 0;
      for (Future<RouteAddition> future : executor.invokeAll(wishes)) {
        if (future.get() instanceof RouteAddition.Added) {
          added++;
        }
      }
      assertThat(added).isEqualTo(1);
    }
    assertThat(storage.routes()).hasSize(1);
  }

  @Test
  void knowsWhichTokensAreStillGood() throws Exception {
    CreatedToken good = storage.createToken(forAnn(Scope.OVERLAY));
    CreatedToken revoked = storage.createToken(forAnn(Scope.OVERLAY));
    CreatedToken expired =
        storage.createToken(
            new CreateTokenRequest(
                "ann", Set.of(Scope.OVERLAY), Optional.of(NOON.plusSeconds(60))));
    Set<String> ids = Set.of(good.id(), revoked.id(), expired.id(), "tok_none");
    storage.revokeToken(revoked.id());

    assertThat(storage.validTokens(ids)).containsExactlyInAnyOrder(good.id(), expired.id());
    clock.advance(Duration.ofSeconds(60));
    assertThat(storage.validTokens(ids)).containsExactly(good.id());
    assertThat(storage.validTokens(Set.of())).isEmpty();
  }

  @Test
  void knowsWhichOfVeryManyTokensAreStillGood() throws Exception {
    CreatedToken good = storage.createToken(forAnn(Scope.OVERLAY));
    Set<String> ids =
        IntStream.range(0, 70_000).mapToObj(i -> "tok_" + i).collect(Collectors.toSet());
    ids.add(good.id());

    assertThat(storage.validTokens(ids)).containsExactly(good.id());
  }

  @Test
  void answersAPing() throws Exception {
    storage.ping();
  }

  private static String insertReturning(String change) {
    return change + " RETURNING script";
  }
}
