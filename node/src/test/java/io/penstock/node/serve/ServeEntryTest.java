package io.penstock.node.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServeEntryTest {

  private static final String HOST = "web.penstock.internal";

  private static ServeEntry https(String mount) {
    return new ServeEntry(ServedPort.Type.HTTPS, 443, mount, 0);
  }

  private static ServeEntry tcp(int port) {
    return new ServeEntry(ServedPort.Type.TCP, port, "/", 0);
  }

  // ---- targets ----

  /// `TestExpandProxyTargetDev` of the original, restated; its unsupported schemes and hosts are in
  /// the next test.
  @ParameterizedTest
  @CsvSource({
    "8080,                          http://127.0.0.1:8080",
    "65535,                         http://127.0.0.1:65535",
    "localhost:8080,                http://localhost:8080",
    "127.0.0.1:8080,                http://127.0.0.1:8080",
    "localhost:8080/foo,            http://localhost:8080/foo",
    "http://localhost:8080,         http://localhost:8080",
    "http://localhost:8080/foo,     http://localhost:8080/foo",
    "https://localhost:8443,        https://localhost:8443",
    "https+insecure://localhost:1,  https+insecure://localhost:1",
    "http://example.com,            http://example.com",
    "unix:/run/app.sock,            unix:/run/app.sock",
  })
  void a_target_of_http_is_written_as_the_document_has_it(String typed, String proxy) {
    assertThat(https("/").addTo(ServeConfig.EMPTY, HOST, typed))
        .isEqualTo(site("/", HttpHandler.proxyTo(proxy)));
  }

  private static ServeConfig site(String mount, HttpHandler handler) {
    return ServeConfig.EMPTY
        .withPort(443, TcpPortHandler.toHttps())
        .withHandler(HOST, 443, mount, handler);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "65536",
        "localhost",
        "localhost:0",
        "example.com:80",
        "ftp://localhost:21",
        "https://",
        "http://:80",
        "no target",
        "text:",
        "/not/there",
        "./www",
        ""
      })
  void a_target_that_leads_nowhere_is_refused_with_what_is_allowed(String typed) {
    assertThatThrownBy(() -> https("/").addTo(ServeConfig.EMPTY, HOST, typed))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(typed);
  }

  @Test
  void a_text_and_files_are_targets_and_a_directory_gets_a_slash(@TempDir Path directory)
      throws Exception {
    Path file = Files.writeString(directory.resolve("page"), "hello");
    assertThat(https("/t").addTo(ServeConfig.EMPTY, HOST, "text:hello, you"))
        .isEqualTo(site("/t", HttpHandler.textOf("hello, you")));
    assertThat(https("/f").addTo(ServeConfig.EMPTY, HOST, file.toString()))
        .isEqualTo(site("/f", HttpHandler.filesAt(file.toString())));
    assertThat(https("/d").addTo(ServeConfig.EMPTY, HOST, directory.toString()))
        .isEqualTo(site("/d/", HttpHandler.filesAt(directory.toString())));
  }

  @ParameterizedTest
  @CsvSource({
    "5432,                  127.0.0.1:5432",
    "localhost:5432,        localhost:5432",
    "tcp://db.example:5432, db.example:5432",
    "[::1]:5432,            [::1]:5432",
    "unix:/run/db.sock,     unix:/run/db.sock",
  })
  void a_target_of_tcp_is_a_port_or_an_address(String typed, String forward) {
    assertThat(tcp(5432).addTo(ServeConfig.EMPTY, HOST, typed))
        .isEqualTo(ServeConfig.EMPTY.withPort(5432, TcpPortHandler.forward(forward)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "0", "http://localhost:80", "text:hello"})
  void a_target_of_tcp_has_a_port(String typed) {
    assertThatThrownBy(() -> tcp(5432).addTo(ServeConfig.EMPTY, HOST, typed))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(typed);
  }

  @Test
  void tls_ends_under_the_name_of_the_node_and_a_proxy_header_has_its_version() {
    ServeEntry entry = new ServeEntry(ServedPort.Type.TLS_TERMINATED_TCP, 993, "/", 2);
    assertThat(entry.addTo(ServeConfig.EMPTY, HOST, "143"))
        .isEqualTo(
            ServeConfig.EMPTY.withPort(
                993,
                TcpPortHandler.forward("127.0.0.1:143")
                    .withTerminateTls(HOST)
                    .withProxyProtocol(2)));
  }

  // ---- places ----

  @ParameterizedTest
  @ValueSource(strings = {"docs", "/a//b", "/a/../b", "/.", "/a?b", "/a#b"})
  void a_path_is_clean(String mount) {
    assertThatThrownBy(() -> https(mount))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(mount);
  }

  @Test
  void ports_paths_and_proxy_headers_are_where_they_belong() {
    assertThatThrownBy(() -> tcp(0)).hasMessageContaining("1 to 65535");
    assertThatThrownBy(() -> new ServeEntry(ServedPort.Type.TCP, 80, "/a", 0))
        .hasMessageContaining("HTTP");
    assertThatThrownBy(() -> new ServeEntry(ServedPort.Type.HTTP, 80, "/", 1))
        .hasMessageContaining("TCP");
    assertThatThrownBy(() -> new ServeEntry(ServedPort.Type.TCP, 80, "/", 3))
        .hasMessageContaining("1 or 2");
    assertThat(https("/docs").url(HOST)).isEqualTo("https://web.penstock.internal/docs");
    assertThat(new ServeEntry(ServedPort.Type.HTTP, 8080, "/", 0).url(HOST))
        .isEqualTo("http://web.penstock.internal:8080/");
    assertThat(tcp(22).url(HOST)).isEqualTo("tcp://web.penstock.internal:22");
  }

  // ---- a config that has something already ----

  @Test
  void what_else_is_served_stays() {
    ServeConfig before =
        tcp(22).addTo(https("/a").addTo(ServeConfig.EMPTY, HOST, "3000"), HOST, "22");
    ServeConfig after = https("/b").addTo(before, HOST, "text:b");
    assertThat(https("/").mounts(after, HOST)).containsExactly("/a", "/b");
    assertThat(after.tcp()).containsOnlyKeys(22, 443);
    assertThat(https("/b").removeFrom(after, HOST)).isEqualTo(before);
    assertThat(https("/").removeAllFrom(after, HOST))
        .isEqualTo(tcp(22).addTo(ServeConfig.EMPTY, HOST, "22"));
    assertThat(tcp(22).removeFrom(before, HOST).tcp()).containsOnlyKeys(443);
  }

  @Test
  void fields_of_a_port_that_nobody_knows_stay_when_a_path_is_added() throws Exception {
    ServeConfig before = ServeConfig.parse("{\"TCP\":{\"443\":{\"HTTPS\":true,\"New\":1}}}");
    assertThat(https("/").addTo(before, HOST, "3000").toJson()).contains("\"New\":1");
  }

  @Test
  void what_is_not_served_cannot_be_turned_off() {
    ServeConfig config = https("/a").addTo(ServeConfig.EMPTY, HOST, "3000");
    for (ServeEntry each : List.of(https("/b"), tcp(22))) {
      assertThatThrownBy(() -> each.removeFrom(config, HOST))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("nothing is served at " + each.url(HOST));
    }
    assertThatThrownBy(() -> tcp(443).removeFrom(config, HOST))
        .hasMessage("port 443 serves HTTPS and not TCP");
  }
}
