package io.penstock.node.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.penstock.node.demo.DemoVisitor.Head;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SampleAppTest {

  private SampleApp app;

  @BeforeEach
  void start() throws IOException {
    app = SampleApp.start();
  }

  @AfterEach
  void stop() {
    app.close();
  }

  private DemoVisitor visit() throws IOException {
    return DemoVisitor.dial(app.address(), "hello.localhost", Duration.ofSeconds(10));
  }

  @Test
  void aPageTriesEverythingFromTheBrowser() throws IOException {
    try (DemoVisitor visitor = visit()) {
      visitor.send("GET", "/");
      Head head = visitor.okHead();
      assertThat(head.header("content-type")).startsWith("text/html");
      assertThat(visitor.text(head)).contains("/ws", "/events", "/download", "/upload");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 7, 8, 65_535, 65_536, 65_537, 1_000_003})
  void aDownloadHasItsLengthAndItsChecksum(long bytes) throws IOException {
    MessageDigest digest = DemoBytes.newDigest();
    try (DemoVisitor visitor = visit()) {
      visitor.send("GET", "/download?bytes=" + bytes);
      Head head = visitor.okHead();
      assertThat(visitor.body(head, digest::update)).isEqualTo(bytes);
      assertThat(head.header("content-sha256"))
          .isEqualTo(DemoBytes.hex(digest))
          .isEqualTo(DemoBytes.sha256(bytes));
    }
  }

  @Test
  void aDownloadIsMadeNoFasterThanItIsRead() throws IOException {
    try (DemoVisitor visitor = visit()) {
      visitor.send("GET", "/download?bytes=" + (1L << 28));
      visitor.okHead();
      visitor.rawIn().skipNBytes(1 << 20);
      try (DemoVisitor other = visit()) {
        other.send("GET", "/");
        assertThat(other.okHead().status()).isEqualTo(200);
      }
      var allocator = (ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT;
      assertThat(allocator.metric().usedDirectMemory()).isLessThan(1 << 25);
    }
  }

  @Test
  void anUploadIsCountedAndHashed() throws IOException {
    byte[] body = "what was sent".getBytes(UTF_8);
    MessageDigest digest = DemoBytes.newDigest();
    digest.update(body);
    try (DemoVisitor visitor = visit()) {
      visitor.send("POST", "/upload", "Content-Length: " + body.length);
      visitor.rawOut().write(body);
      assertThat(visitor.text(visitor.okHead()))
          .isEqualTo("{\"length\":13,\"sha256\":\"" + DemoBytes.hex(digest) + "\"}\n");
    }
  }

  @Test
  void anUploadThatAsksFirstIsToldToGoOn() throws IOException {
    try (DemoVisitor visitor = visit()) {
      visitor.send("PUT", "/upload", "Content-Length: 2", "Expect: 100-continue");
      assertThat(visitor.head().status()).isEqualTo(100);
      visitor.rawOut().write(new byte[2]);
      assertThat(visitor.text(visitor.okHead())).contains("\"length\":2,");
    }
  }

  @Test
  void requestsOnOneConnectionAreAnsweredInOrderEvenWhenSentTogether() throws IOException {
    try (DemoVisitor visitor = visit()) {
      visitor.send("GET", "/slow?millis=50");
      visitor.send("GET", "/download?bytes=10");
      visitor.send("GET", "/nowhere");
      assertThat(visitor.text(visitor.okHead())).contains("50 ms");
      assertThat(visitor.text(visitor.okHead())).hasSize(10);
      assertThat(visitor.head().status()).isEqualTo(404);
    }
  }

  @Test
  void eventsComeOneByOne() throws IOException {
    try (DemoVisitor visitor = visit()) {
      visitor.send("GET", "/events?count=3&millis=1");
      Head head = visitor.okHead();
      assertThat(head.header("content-type")).startsWith("text/event-stream");
      assertThat(visitor.text(head))
          .isEqualTo("id: 1\ndata: event 1\n\nid: 2\ndata: event 2\n\nid: 3\ndata: event 3\n\n");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GET,    /upload,              405",
    "POST,   /download,            405",
    "DELETE, /,                    405",
    "GET,    /ws,                  426",
    "GET,    /download?bytes=x,    400",
    "GET,    /download?bytes=-1,   400",
    "GET,    /slow?millis=9999999, 400",
  })
  void aRequestThatMakesNoSenseGetsAStatusAndTheConnectionGoesOn(
      String method, String target, int status) throws IOException {
    try (DemoVisitor visitor = visit()) {
      visitor.send(method, target, "Content-Length: 0");
      Head head = visitor.head();
      assertThat(head.status()).isEqualTo(status);
      visitor.text(head);
      visitor.send("GET", "/");
      assertThat(visitor.okHead().status()).isEqualTo(200);
    }
  }

  @Test
  void theAnswerToHeadHasTheLengthAndNoBody() throws IOException {
    try (DemoVisitor visitor = visit()) {
      visitor.send("HEAD", "/download?bytes=77");
      assertThat(visitor.okHead().header("content-length")).isEqualTo("77");
      visitor.send("GET", "/download?bytes=3");
      assertThat(visitor.text(visitor.okHead())).hasSize(3);
    }
  }

  @Test
  void closingTheAppEndsItsConnections() throws IOException {
    try (DemoVisitor visitor = visit()) {
      visitor.send("GET", "/events");
      visitor.okHead();
      app.close();
      Awaitility.await()
          .atMost(5, TimeUnit.SECONDS)
          .until(() -> visitor.rawIn().skip(Long.MAX_VALUE) == 0 && visitor.rawIn().read() < 0);
    }
  }
}
