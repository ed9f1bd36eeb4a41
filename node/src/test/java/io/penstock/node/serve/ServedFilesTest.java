package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.get;
import static io.penstock.node.serve.ServeFixture.site;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testkit.leak.LeakCheck;
import io.penstock.testkit.wire.WireSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Files and directories on a served port.
@ExtendWith(LeakCheck.class)
@SuppressWarnings("StringConcatToTextBlock") // each line of a head ends visibly
class ServedFilesTest {

  private static final Instant CHANGED = Instant.parse("2026-03-04T05:06:07.890Z");
  private static final String DATE = "Wed, 04 Mar 2026 05:06:07 GMT";
  private static final String LATER = "Wed, 04 Mar 2026 05:06:08 GMT";
  private static final String EARLIER = "Wed, 04 Mar 2026 05:06:06 GMT";

  @TempDir static Path root;
  private static ServeFixture node;

  @BeforeAll
  static void start() throws Exception {
    write("foo", "this is foo");
    write("bar", "this is bar");
    write("page.html", "<p>page");
    write("subdir/file-a", "this is A");
    write("subdir/file-b", "this is B");
    write("subdir/file-c", "this is C");
    write("subdir/deep/x", "this is x");
    write("with-index/index.html", "the index");
    write("ten", "0123456789");
    write("empty", "");
    Files.setLastModifiedTime(root.resolve("ten"), FileTime.from(CHANGED));
    node = ServeFixture.start();
    node.serve.set(
        site(80, Map.of("/", HttpHandler.filesAt(root.toString())))
            .withPort(81, TcpPortHandler.toHttp())
            .withHandler(ServeFixture.NAME, 81, "/doc/", HttpHandler.filesAt(root.toString()))
            .withPort(82, TcpPortHandler.toHttp())
            .withHandler(
                ServeFixture.NAME, 82, "/one", HttpHandler.filesAt(root.resolve("ten").toString()))
            .withHandler(ServeFixture.NAME, 82, "/gone", HttpHandler.filesAt(root + "/never")));
  }

  @AfterAll
  static void close() {
    node.close();
  }

  private static void write(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/files.csv", delimiter = '|')
  void a_directory_is_served_as_the_original_serves_it(
      String mount, String request, int status, @Nullable String what) {
    String answer = node.ask(mount.equals("/") ? 80 : 81, get(request));
    assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
    if (status == 200 && what != null) {
      if (what.startsWith("th")) {
        assertThat(answer).endsWith("\r\n\r\n" + what);
      } else {
        assertThat(answer).contains(what.split(" "));
      }
    } else if (what != null) {
      assertThat(answer).contains("Location: " + what + "\r\n");
    }
  }

  @Test
  void a_single_file_is_at_its_mount_and_nowhere_else() {
    assertThat(node.ask(82, get("/one"))).endsWith("0123456789");
    assertThat(node.ask(82, get("/one/"))).startsWith("HTTP/1.1 404 ");
    assertThat(node.ask(82, get("/one/more"))).startsWith("HTTP/1.1 404 ");
    assertThat(node.ask(82, get("/gone"))).startsWith("HTTP/1.1 404 ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bytes=0-3   | 206 | bytes 0-3/10  | 0123",
        "bytes=4-    | 206 | bytes 4-9/10  | 456789",
        "bytes=-3    | 206 | bytes 7-9/10  | 789",
        "bytes=-99   | 206 | bytes 0-9/10  | 0123456789",
        "bytes=8-99  | 206 | bytes 8-9/10  | 89",
        "bytes=0-0   | 206 | bytes 0-0/10  | 0",
        "bytes=10-   | 416 | bytes */10    |",
        "bytes=5-2   | 416 | bytes */10    |",
        "bytes=-0    | 416 | bytes */10    |",
        "bytes=x-y   | 416 | bytes */10    |",
        "lines=1-2   | 416 | bytes */10    |",
        "bytes=0-1,4-5 | 200 |             | 0123456789"
      })
  void a_part_may_be_asked_for(
      String range, int status, @Nullable String contentRange, @Nullable String body) {
    String answer = node.ask(80, "GET /ten HTTP/1.1\r\nHost: web\r\nRange: " + range + "\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
    if (contentRange != null) {
      assertThat(answer).contains("Content-Range: " + contentRange + "\r\n");
    }
    if (body != null) {
      assertThat(answer).endsWith("\r\n\r\n" + body);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "If-Modified-Since: " + DATE + "      | 304",
        "If-Modified-Since: " + LATER + "     | 304",
        "If-Modified-Since: " + EARLIER + "   | 200",
        "If-Modified-Since: yesterday         | 200",
        "If-Unmodified-Since: " + DATE + "    | 200",
        "If-Unmodified-Since: " + EARLIER + " | 412",
        "If-None-Match: *                     | 304",
        "If-None-Match: \"x\"                 | 200",
        "If-Match: *                          | 200",
        "If-Match: \"x\"                      | 412"
      })
  void a_condition_decides_whether_it_is_sent(String field, int status) {
    String answer = node.ask(80, "GET /ten HTTP/1.1\r\nHost: web\r\n" + field + "\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
    if (status != 412) {
      assertThat(answer).contains("Last-Modified: " + DATE + "\r\n");
    }
  }

  @ParameterizedTest
  @CsvSource({"'" + DATE + "', 206", "'" + EARLIER + "', 200", "'\"tag\"', 200"})
  void a_part_is_only_sent_of_the_file_that_the_visitor_knows(String ifRange, int status) {
    String answer =
        node.ask(
            80,
            "GET /ten HTTP/1.1\r\nHost: web\r\nRange: bytes=0-3\r\nIf-Range: "
                + ifRange
                + "\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
  }

  @Test
  void a_head_has_the_length_and_no_body() {
    try (WireSocket visitor = node.visit(80)) {
      visitor.send("HEAD /ten HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n");
      assertThat(visitor.readToEnd()).contains("Content-Length: 10\r\n").endsWith("\r\n\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PROPFIND"})
  void files_are_read_and_nothing_else(String method) {
    assertThat(node.ask(80, method + " /ten HTTP/1.1\r\nHost: web\r\nContent-Length: 0\r\n\r\n"))
        .startsWith("HTTP/1.1 405 ")
        .contains("Allow: GET, HEAD\r\n");
  }

  @Test
  void the_kind_of_content_is_told() throws Exception {
    Files.write(root.resolve("binary"), new byte[] {1, 2, 3, 0, (byte) 0xff});
    assertThat(node.ask(80, get("/page.html"))).contains("Content-Type: text/html; charset=utf-8");
    assertThat(node.ask(80, get("/foo"))).contains("Content-Type: text/plain; charset=utf-8");
    assertThat(node.ask(80, get("/empty"))).contains("Content-Length: 0\r\n");
    assertThat(node.ask(80, get("/binary"))).contains("Content-Type: application/octet-stream");
  }

  @Test
  void a_large_file_comes_whole_while_the_connection_is_kept(@TempDir Path large) throws Exception {
    byte[] bytes = new byte[5_000_000];
    new Random(3).nextBytes(bytes);
    Files.write(root.resolve("large"), bytes);
    try (WireSocket visitor = node.visit(80)) {
      for (int i = 0; i < 2; i++) {
        visitor.send(get("/large"));
        assertThat(visitor.readHead()).contains("Content-Length: 5000000\r\n");
        assertThat(visitor.readBytes(bytes.length)).isEqualTo(bytes);
      }
    }
  }

  @Test
  void a_name_in_a_listing_is_no_markup() throws Exception {
    Files.createDirectories(root.resolve("odd"));
    Files.writeString(root.resolve("odd").resolve("<b>&\"x y?#%"), "");
    assertThat(node.ask(80, get("/odd/")))
        .contains("<a href=\"./%3Cb%3E%26%22x%20y%3F%23%25\">&lt;b&gt;&amp;&#34;x y?#%</a>");
  }

  @Test
  void a_redirect_never_leads_to_another_host() {
    assertThat(node.ask(80, get("//subdir"))).contains("Location: /subdir/\r\n");
    assertThat(node.ask(80, get("//foo/"))).contains("Location: /foo\r\n");
  }
}
