package io.penstock.node.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ServeConfigTest {

  private static final JsonMapper MAPPER = JsonMapper.shared();

  @ParameterizedTest
  @ValueSource(strings = {"site", "tcp", "services", "unknown"})
  void a_document_that_is_read_and_written_says_the_same(String name) throws Exception {
    String json = resource("documents/" + name + ".json");
    ServeConfig config = ServeConfig.parse(json);
    assertThat(config.toJson()).isEqualTo(json.strip());
    assertThat(ServeConfig.parse(config.toIndentedJson())).isEqualTo(config);
  }

  @Test
  void what_nobody_understands_is_kept_at_every_level() throws Exception {
    ServeConfig config = ServeConfig.parse(resource("documents/unknown.json"));
    ServeConfig edited =
        config
            .withPort(80, TcpPortHandler.toHttp())
            .withHandler("a.b", 443, "/more", HttpHandler.textOf("hi"));
    assertThat(edited.toJson())
        .contains("NewInPort", "NewInHandler", "NewInSite", "NewAtTop", "1E+400");
  }

  @Test
  void a_field_with_its_zero_value_is_left_out() throws Exception {
    assertThat(
            ServeConfig.parse(
                    """
                    {"TCP":{"80":{"HTTP":true,"HTTPS":false,"TCPForward":"","ProxyProtocol":0,
                    "Penstock":{"Accept":false}},"81":null},"Web":null,"Services":{}}\
                    """)
                .toJson())
        .isEqualTo("{\"TCP\":{\"80\":{\"HTTP\":true},\"81\":{}}}");
  }

  @Test
  void names_match_in_any_case() throws Exception {
    assertThat(ServeConfig.parse("{\"tcp\":{\"80\":{\"http\":true}}}").toJson())
        .isEqualTo("{\"TCP\":{\"80\":{\"HTTP\":true}}}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "{}", " { } "})
  void nothing_is_the_empty_config(String json) throws Exception {
    assertThat(ServeConfig.parse(json)).isEqualTo(ServeConfig.EMPTY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n"})
  void no_document_is_a_mistake(String json) {
    assertThatThrownBy(() -> ServeConfig.parse(json))
        .isInstanceOfSatisfying(
            ServeException.class,
            e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.MALFORMED))
        .hasMessageContaining("the document is empty");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]                                      | it is no JSON object",
        "{                                       | it is no JSON",
        "{} {}                                   | it is no JSON",
        "{\"TCP\": {80: {}}}                     | at line 1, column 10",
        "{\"TCP\":[]}                            | TCP has to be an object",
        "{\"TCP\":{\"0\":{}}}                    | TCP.0 is no port",
        "{\"TCP\":{\"65536\":{}}}                | TCP.65536 is no port",
        "{\"TCP\":{\"080\":{}}}                  | TCP.080 is no port",
        "{\"TCP\":{\"80\":7}}                    | TCP.80 has to be an object",
        "{\"TCP\":{\"80\":{\"HTTP\":\"yes\"}}}   | TCP.80.HTTP has to be true or false",
        "{\"TCP\":{\"80\":{\"HTTP\":1}}}         | TCP.80.HTTP has to be true or false",
        "{\"TCP\":{\"80\":{\"TCPForward\":1}}}   | TCP.80.TCPForward has to be a text",
        "{\"TCP\":{\"80\":{\"ProxyProtocol\":1.5}}} | TCP.80.ProxyProtocol has to be a whole"
            + " number",
        "{\"TCP\":{},\"tcp\":{}}                 | TCP is there twice, as tcp too",
        "{\"TCP\":{},\"TCP\":{}}                 | a name stands in an object twice",
        "{\"Web\":{\"a:1\":{\"Handlers\":{\"/\":{\"AcceptAppCaps\":\"x\"}}}}} |"
            + " Web.a:1.Handlers./.AcceptAppCaps has to be a list",
        "{\"AllowFunnel\":{\"a:1\":\"x\"}}       | AllowFunnel.a:1 has to be true or false",
        "{\"Foreground\":{\"x\":{\"TCP\":1}}}    | Foreground.x.TCP has to be an object"
      })
  void a_mistake_is_named(String json, String message) {
    assertThatThrownBy(() -> ServeConfig.parse(json))
        .isInstanceOfSatisfying(
            ServeException.class,
            e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.MALFORMED))
        .hasMessageContaining(message);
  }

  @Test
  void a_document_has_a_limit() {
    String json = "{\"TCP\":{}" + " ".repeat(ServeConfig.MAX_DOCUMENT_BYTES) + "}";
    assertThatThrownBy(() -> ServeConfig.parse(json)).hasMessageContaining("allowed are 1048576");
  }

  @Test
  void nesting_has_a_limit() {
    String json = "{\"a\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}";
    assertThatThrownBy(() -> ServeConfig.parse(json)).isInstanceOf(ServeException.class);
  }

  @Test
  void the_etag_is_the_hash_of_the_document() throws Exception {
    assertThat(ServeConfig.EMPTY.etag())
        .isEqualTo("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assertThat(ServeConfig.parse("{\"TCP\": {\"80\": {\"HTTP\": true}}}").etag())
        .isEqualTo(ServeConfig.parse("{\"TCP\":{\"80\":{\"HTTP\":true,\"HTTPS\":false}}}").etag())
        .isNotEqualTo(ServeConfig.EMPTY.etag());
  }

  // ---- editing ----

  @Test
  void a_mount_with_a_slash_takes_the_place_of_the_one_without() {
    ServeConfig config =
        ServeConfig.EMPTY
            .withPort(443, TcpPortHandler.toHttps())
            .withHandler("a.b", 443, "/foo", HttpHandler.textOf("1"))
            .withHandler("a.b", 443, "/foo/", HttpHandler.textOf("2"));
    assertThat(Objects.requireNonNull(config.web().get("a.b:443")).handlers())
        .containsOnlyKeys("/foo/");
    config = config.withHandler("a.b", 443, "/foo", HttpHandler.textOf("3"));
    assertThat(Objects.requireNonNull(config.web().get("a.b:443")).handlers())
        .containsOnlyKeys("/foo");
  }

  @Test
  void the_last_handler_takes_its_site_and_port_along() {
    ServeConfig config =
        ServeConfig.EMPTY
            .withPort(443, TcpPortHandler.toHttps())
            .withHandler("a.b", 443, "/", HttpHandler.textOf("1"))
            .withHandler("c.d", 443, "/", HttpHandler.textOf("2"));
    config = config.withoutHandler("a.b", 443, "/");
    assertThat(config.web()).containsOnlyKeys("c.d:443");
    assertThat(config.tcp()).containsOnlyKeys(443);
    assertThat(config.withoutHandler("c.d", 443, "/")).isEqualTo(ServeConfig.EMPTY);
  }

  // ---- what may follow what ----

  static Stream<JsonNode> updates() throws IOException {
    return MAPPER.readTree(resource("updates.json")).values().stream();
  }

  @ParameterizedTest
  @MethodSource("updates")
  void what_may_follow_what(JsonNode row) throws Exception {
    ServeConfig current = ServeConfig.parse(row.get("current").toString());
    ServeConfig next = ServeConfig.parse(row.get("next").toString());
    boolean refused = false;
    try {
      ServePlan.of(next, ServePlan.Unsupported.REFUSE);
      UpdateRules.check(current, next, TypeChange.REFUSE);
    } catch (ServeException _) {
      refused = true;
    }
    assertThat(refused)
        .as(row.get("name").stringValue())
        .isEqualTo(row.get("refused").booleanValue());
  }

  @Test
  void the_library_may_change_the_type_of_a_port() throws Exception {
    ServeConfig current = ServeConfig.EMPTY.withPort(80, TcpPortHandler.toHttp());
    ServeConfig next = ServeConfig.EMPTY.withPort(80, TcpPortHandler.forward("localhost:1"));
    UpdateRules.check(current, next, TypeChange.ALLOW);
    assertThatThrownBy(() -> UpdateRules.check(current, next, TypeChange.REFUSE))
        .hasMessage(
            "port 80 serves HTTP and would serve TCP; turn it off first, with the same flags and"
                + " \"off\"");
  }

  static String resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ServeConfigTest.class.getResourceAsStream("/serve/" + name))) {
      return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }
  }
}
