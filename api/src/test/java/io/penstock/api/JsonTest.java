package io.penstock.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTest {

  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  @Test
  void writesACreatedTokenAsTheCommandLineShowsIt() {
    var token =
        new CreatedToken(
            "tok_1", "pst_x", "ann", EnumSet.of(Scope.ADMIN, Scope.CONNECT), Optional.of(NOON));

    assertThat(Json.writeText(token))
        .isEqualTo(
            """
            {"id":"tok_1","token":"pst_x","user":"ann","scopes":["connect","admin"],\
            "expires":"2026-11-20T12:00:00Z"}\
            """);
    assertThat(token.toString()).doesNotContain("pst_x");
  }

  @Test
  void writesAnAbsentValueAsNull() {
    var token =
        new CreatedToken("tok_1", "pst_x", "ann", EnumSet.of(Scope.CONNECT), Optional.empty());

    assertThat(Json.writeText(token)).endsWith("\"expires\":null}");
  }

  @Test
  void readsBackEveryRecordThatItWrites() throws Exception {
    var endpoints = List.of(new PublicEndpoint("http", 8000));
    readsBack(
        new GatewayStatus(
            "0.1.0",
            NOON,
            GatewayStatus.Phase.SERVING,
            Map.of("admin", "127.0.0.1:7070"),
            endpoints,
            Optional.of("sha256:00"),
            Map.of("epoll", true),
            3));
    readsBack(
        new Discovery("0.1.0", Optional.of(HostPort.parse(":7444")), Optional.empty(), endpoints));
    readsBack(
        new BackendInfo(
            "b1", "tcp", "ann", List.of("a.localhost"), "127.0.0.1:9", 0.5, 2, true, NOON));
    readsBack(new RouteInfo("a.localhost", "ann", NOON, List.of("http://a.localhost:8000")));
    readsBack(
        new TokenInfo(
            "tok_1", "ann", EnumSet.allOf(Scope.class), NOON, Optional.empty(), Optional.of(NOON)));
    readsBack(Problem.of(404, "Not Found", "no_token", "there is no token tok_1"));
  }

  private static <T> void readsBack(T value) throws MalformedJsonException {
    @SuppressWarnings("unchecked") // The class of a T.
    Class<T> type = (Class<T>) value.getClass();
    assertThat(Json.readAnswer(Json.write(value), type)).isEqualTo(value);
    assertThat(Json.readRequest(Json.write(value), type)).isEqualTo(value);
    assertThat(Json.readListing(Json.write(new Listing<>(List.of(value))), type))
        .isEqualTo(new Listing<>(List.of(value)));
  }

  @Test
  void readsARequestWithoutItsOptionalFields() throws Exception {
    assertThat(request("{\"user\":\"ann\",\"scopes\":[\"connect\"]}"))
        .isEqualTo(new CreateTokenRequest("ann", EnumSet.of(Scope.CONNECT), Optional.empty()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"user\":\"a\",\"scopes\":[\"connect\"],\"expire\":null} | unknown field \"expire\","
            + " allowed is \"expires\", \"scopes\", \"user\"",
        "{\"user\":\"a\"} | \"scopes\" is missing",
        "{\"user\":\"a\",\"scopes\":null} | \"scopes\" is missing",
        "{\"user\":\"a\",\"scopes\":[]} | scopes is empty, allowed is at least one of",
        "{\"user\":\"a\",\"scopes\":[\"root\"]} | scope is \"root\", allowed is one of connect,"
            + " overlay, admin",
        "{\"user\":\"a\",\"scopes\":\"connect\"} | \"scopes\" is missing, repeated or of the wrong"
            + " type",
        "{\"user\":7,\"scopes\":[\"connect\"]} | \"user\" is missing, repeated or of the wrong"
            + " type",
        "{\"user\":\"a b\",\"scopes\":[\"connect\"]} | user is \"a b\", allowed is 1 to 128"
            + " letters",
        "{\"user\":\"a\",\"user\":\"b\",\"scopes\":[\"connect\"]} | no valid JSON at line 1",
        "{\"user\":\"a\",\"scopes\":[\"connect\"],\"expires\":\"soon\"} | \"expires\" is missing,"
            + " repeated or of the wrong type",
        "{\"user\":\"a\",\"scopes\":[\"connect\"],\"expires\":1} | \"expires\" is missing, repeated"
            + " or of the wrong type",
        "{\"user\":\"a\",\"scopes\":[\"connect\"]} x | no valid JSON",
        "{\"user\":\"a\",\"scopes\":[\"connect\"],\"expires\":\"+10000-01-01T00:00:00Z\"} | expires"
            + " is +10000",
        "[] | expected a JSON object",
        "null | expected a JSON object, not null",
        "{ | no valid JSON",
        "`` | expected a JSON object",
      })
  void refusesAWrongRequestInOneClearSentence(String json, String message) {
    assertThatThrownBy(() -> request(json))
        .isInstanceOf(MalformedJsonException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void ignoresWhatANewerGatewaySays() throws Exception {
    byte[] json = "{\"version\":\"9\",\"publicEndpoints\":[],\"new\":{\"a\":1}}".getBytes(UTF_8);

    assertThat(Json.readAnswer(json, Discovery.class))
        .isEqualTo(new Discovery("9", Optional.empty(), Optional.empty(), List.of()));
  }

  @Test
  void boundsNesting() {
    assertThatThrownBy(() -> request("{\"user\":" + "[".repeat(100_000)))
        .isInstanceOf(MalformedJsonException.class);
  }

  @Test
  void survivesMutatedRequests() {
    String seed =
        "{\"user\":\"ann\",\"scopes\":[\"connect\",\"admin\"],\"expires\":\"2026-11-20T12:00:00Z\"}";
    for (long i = 0; i < 5_000; i++) {
      readsOrRefuses(Mutations.of(seed, new Random(i)).getBytes(UTF_8));
    }
  }

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void survivesAnyBytes(byte[] bytes) {
    readsOrRefuses(bytes);
  }

  private static void readsOrRefuses(byte[] bytes) {
    try {
      Json.readRequest(bytes, CreateTokenRequest.class);
    } catch (MalformedJsonException refused) {
      assertThat(refused.getMessage()).isNotBlank();
    }
    try {
      Json.readRequest(bytes, AddRouteRequest.class);
    } catch (MalformedJsonException refused) {
      assertThat(refused.getMessage()).isNotBlank();
    }
  }

  private static CreateTokenRequest request(String json) throws MalformedJsonException {
    return Json.readRequest(json.getBytes(UTF_8), CreateTokenRequest.class);
  }
}
