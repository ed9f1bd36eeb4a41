package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.NAME;
import static io.penstock.node.serve.ServeFixture.secureSite;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testkit.leak.LeakCheck;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// HTTPS on a served port with the JDK's client, over HTTP/2 and HTTP/1.1, in front of an app that
/// speaks HTTP/1.1 alone.
@ExtendWith(LeakCheck.class)
@Timeout(120)
class ServedHttp2Test {

  private ServeFixture node;
  private EchoApp app;
  private ConnectBridge bridge;

  @BeforeEach
  void start() throws Exception {
    node = ServeFixture.start();
    bridge = ConnectBridge.to(node);
    app = new EchoApp();
    node.serve.set(
        secureSite(
            443,
            Map.of(
                "/", HttpHandler.proxyTo("127.0.0.1:" + app.port()),
                "/text", HttpHandler.textOf("a text"))));
  }

  @AfterEach
  void close() {
    app.close();
    bridge.close();
    node.close();
  }

  private HttpClient client(HttpClient.Version version) {
    return HttpClient.newBuilder()
        .sslContext(ServeFixture.trust())
        .version(version)
        .proxy(
            ProxySelector.of(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), bridge.port())))
        .connectTimeout(Duration.ofSeconds(60))
        .build();
  }

  private static HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create("https://" + NAME + path))
        .timeout(Duration.ofSeconds(60));
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void a_request_and_its_body_go_to_the_backend_and_back(HttpClient.Version version)
      throws Exception {
    byte[] body = new byte[3_000_000];
    new Random(5).nextBytes(body);
    try (HttpClient client = client(version)) {
      HttpResponse<byte[]> answer =
          client.send(
              to("/mcp?a=b")
                  .header("Content-Type", "application/json; charset=utf-8")
                  .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray());
      assertThat(answer.version()).isEqualTo(version);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo(body);
      assertThat(answer.headers().firstValue("Proto-Was")).contains("https");
      assertThat(answer.headers().firstValue("Host-Was")).contains(NAME);
      assertThat(app.seen).containsExactly("POST /mcp?a=b application/json; charset=utf-8");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"empty", "unknown length"})
  void a_body_may_be_empty_or_of_unknown_length(String kind) throws Exception {
    byte[] body =
        kind.equals("empty")
            ? new byte[0]
            : "some body".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    try (HttpClient client = client(HttpClient.Version.HTTP_2)) {
      HttpResponse<String> answer =
          client.send(
              to("/mcp")
                  .header("Content-Type", "application/json")
                  .POST(
                      HttpRequest.BodyPublishers.ofInputStream(
                          () -> new java.io.ByteArrayInputStream(body)))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(answer.body()).hasSize(body.length);
      assertThat(app.seen).containsExactly("POST /mcp application/json");
    }
  }

  @Test
  void streams_of_one_connection_are_answered_side_by_side() throws Exception {
    try (HttpClient client = client(HttpClient.Version.HTTP_2)) {
      client.send(to("/text").build(), HttpResponse.BodyHandlers.ofString());
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        answers.add(
            client.sendAsync(
                to(i % 2 == 0 ? "/text" : "/n" + i).build(), HttpResponse.BodyHandlers.ofString()));
      }
      for (int i = 0; i < 50; i++) {
        HttpResponse<String> answer = answers.get(i).get();
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(i % 2 == 0 ? "a text" : "");
      }
      assertThat(node.serve.connections(443)).isEqualTo(1);
    }
  }

  @Test
  void a_backend_that_is_gone_is_a_bad_gateway_of_its_stream_alone() throws Exception {
    try (HttpClient client = client(HttpClient.Version.HTTP_2)) {
      app.close();
      HttpResponse<String> down =
          client.send(to("/x").build(), HttpResponse.BodyHandlers.ofString());
      assertThat(down.statusCode()).isEqualTo(502);
      HttpResponse<String> text =
          client.send(to("/text").build(), HttpResponse.BodyHandlers.ofString());
      assertThat(text.body()).isEqualTo("a text");
    }
  }

  @Test
  void a_name_that_is_not_served_fails_the_handshake() {
    try (HttpClient client = client(HttpClient.Version.HTTP_2)) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("https://other.penstock.internal/")).build();
      assertThatThrownBy(() -> client.send(request, HttpResponse.BodyHandlers.ofString()))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void a_connection_ends_with_its_last_stream_when_the_port_is_gone() throws Exception {
    try (HttpClient client = client(HttpClient.Version.HTTP_2)) {
      assertThat(client.send(to("/text").build(), HttpResponse.BodyHandlers.ofString()).body())
          .isEqualTo("a text");
      node.serve.set(ServeConfig.EMPTY);
      org.awaitility.Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThatThrownBy(
                          () ->
                              client.send(
                                  to("/text").build(), HttpResponse.BodyHandlers.ofString()))
                      .isInstanceOf(IOException.class));
    }
  }
}
