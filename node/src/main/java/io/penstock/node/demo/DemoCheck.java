package io.penstock.node.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.node.demo.DemoVisitor.Head;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Tries what a visitor does, through a tunnel, on a [SampleApp]: page, bodies, streams, an abort.
///
/// It dials the given address and sets `Host` itself, so the name need not resolve. Blocks the
/// calling thread; each single read waits at most [#READ_LIMIT].
public final class DemoCheck {

  /// How large the download and the upload are.
  public static final long TRANSFER_BYTES = 100L << 20;

  /// The longest a visitor waits for the next byte of an answer.
  public static final Duration READ_LIMIT = Duration.ofSeconds(30);

  private static final int BLOCK_BYTES = 1 << 16;
  private static final int EVENTS = 5;
  private static final long EVENT_MILLIS = 100;
  private static final int ABORT_AFTER_BYTES = 1 << 18;

  private final InetSocketAddress gateway;
  private final String host;
  private final Supplier<?> agents;
  private final long transferBytes;

  /// Makes a check of one public name.
  ///
  /// @param gateway the address to dial, the gateway's public HTTP listener
  /// @param host what to send as `Host`
  /// @param agents says which agents serve the name now; asked before and after the abort, and the
  ///   two answers must be equal
  public DemoCheck(InetSocketAddress gateway, String host, Supplier<?> agents) {
    this(gateway, host, agents, TRANSFER_BYTES);
  }

  DemoCheck(InetSocketAddress gateway, String host, Supplier<?> agents, long transferBytes) {
    this.gateway = gateway;
    this.host = host;
    this.agents = agents;
    this.transferBytes = transferBytes;
  }

  /// What one try came to: what was tried, whether it went well, how long it took, and in one line
  /// what was seen.
  public record Result(String name, boolean passed, Duration took, String detail) {}

  /// What is tried; returns what was seen.
  interface Try {
    String run() throws IOException;
  }

  /// Tries everything, in order, and tells `done` after each; a failure does not stop the rest.
  public List<Result> run(Consumer<Result> done) {
    List<Result> results = new ArrayList<>();
    String size = (transferBytes >> 20) + " MiB";
    attempt("GET a page", this::page, results, done);
    attempt("Download " + size, this::download, results, done);
    attempt("Upload " + size, this::upload, results, done);
    attempt("WebSocket echo", this::webSocket, results, done);
    attempt("Server-sent events", this::events, results, done);
    attempt("Visitor that aborts", this::abort, results, done);
    return List.copyOf(results);
  }

  /// Tries one thing, and tells of it.
  static void attempt(String name, Try attempt, List<Result> results, Consumer<Result> done) {
    long start = System.nanoTime();
    Result result;
    try {
      String detail = attempt.run();
      result = new Result(name, true, since(start), detail);
    } catch (IOException | RuntimeException e) {
      String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      result = new Result(name, false, since(start), why);
    }
    results.add(result);
    done.accept(result);
  }

  private DemoVisitor visitor() throws IOException {
    return DemoVisitor.dial(gateway, host, READ_LIMIT);
  }

  private String page() throws IOException {
    try (DemoVisitor visitor = visitor()) {
      visitor.send("GET", "/");
      String html = visitor.text(visitor.okHead());
      require(html.contains("<h1>It works.</h1>"), "the answer is not the sample app's page");
      return html.length() + " characters of HTML";
    }
  }

  private String download() throws IOException {
    long start;
    MessageDigest digest = DemoBytes.newDigest();
    try (DemoVisitor visitor = visitor()) {
      visitor.send("GET", "/download?bytes=" + transferBytes);
      Head head = visitor.okHead();
      // Until here the app computed the checksum, which says nothing about the tunnel.
      start = System.nanoTime();
      long length = visitor.body(head, digest::update);
      require(length == transferBytes, "only " + length + " bytes came");
      String sum = DemoBytes.hex(digest);
      require(sum.equals(head.header("content-sha256")), "the checksum is wrong");
    }
    return rate(start) + ", SHA-256 right";
  }

  private String upload() throws IOException {
    long start = System.nanoTime();
    MessageDigest digest = DemoBytes.newDigest();
    try (DemoVisitor visitor = visitor()) {
      visitor.send("POST", "/upload", "Content-Length: " + transferBytes);
      OutputStream out = visitor.rawOut();
      ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
      for (long sent = 0; sent < transferBytes; sent += block.capacity()) {
        block.clear();
        DemoBytes.put(block, sent);
        digest.update(block.flip());
        out.write(block.array());
      }
      String seen = visitor.text(visitor.okHead());
      require(seen.contains("\"length\":" + transferBytes + ","), "the app saw " + seen.strip());
      require(seen.contains(DemoBytes.hex(digest)), "the checksum is wrong");
    }
    return rate(start) + ", SHA-256 right";
  }

  private String webSocket() throws IOException {
    try (DemoVisitor visitor = visitor()) {
      WebSocketVisitor socket = WebSocketVisitor.upgrade(visitor, "/ws");
      byte[] large = new byte[BLOCK_BYTES * 3];
      DemoBytes.put(ByteBuffer.wrap(large), 0);
      echo(socket, WebSocketVisitor.TEXT, "hello".getBytes(UTF_8));
      echo(socket, WebSocketVisitor.BINARY, large);
      echo(socket, WebSocketVisitor.CLOSE, new byte[] {0x03, (byte) 0xE8});
    }
    return "text, 192 KiB binary and close came back";
  }

  private static void echo(WebSocketVisitor socket, int opcode, byte[] payload) throws IOException {
    socket.send(opcode, payload);
    WebSocketVisitor.Frame back = socket.receive(payload.length);
    require(
        back.opcode() == opcode && back.payload().equals(ByteBuffer.wrap(payload)),
        "a frame of " + payload.length + " bytes came back changed");
  }

  /// Events that some buffer held back arrive together at the end; these must not.
  private String events() throws IOException {
    List<Long> times = new ArrayList<>();
    try (DemoVisitor visitor = visitor()) {
      visitor.send("GET", "/events?count=" + EVENTS + "&millis=" + EVENT_MILLIS);
      visitor.body(
          visitor.okHead(),
          (block, offset, length) -> {
            String text = new String(block, offset, length, UTF_8);
            text.lines()
                .filter(line -> line.startsWith("data:"))
                .forEach(_ -> times.add(System.nanoTime()));
          });
    }
    require(times.size() == EVENTS, times.size() + " of " + EVENTS + " events came");
    long spreadMillis = Duration.ofNanos(times.getLast() - times.getFirst()).toMillis();
    long sentMillis = (EVENTS - 1) * EVENT_MILLIS;
    require(spreadMillis > sentMillis / 2, "all events came within " + spreadMillis + " ms");
    return EVENTS + " events over " + spreadMillis + " ms, one by one";
  }

  private String abort() throws IOException {
    Object before = agents.get();
    try (DemoVisitor visitor = visitor()) {
      visitor.send("GET", "/download?bytes=" + transferBytes);
      visitor.okHead();
      visitor.rawIn().skipNBytes(ABORT_AFTER_BYTES);
      visitor.abort();
    }
    try (DemoVisitor visitor = visitor()) {
      visitor.send("GET", "/slow?millis=5000");
      visitor.abort();
    }
    page();
    Object after = agents.get();
    require(before.equals(after), "the agents changed from " + before + " to " + after);
    return "the agent stayed in use";
  }

  private static void require(boolean right, String otherwise) throws IOException {
    if (!right) {
      throw new IOException(otherwise);
    }
  }

  private static Duration since(long startNanos) {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  private String rate(long startNanos) {
    double seconds = since(startNanos).toNanos() / 1e9;
    return String.format(Locale.ROOT, "%.0f MiB/s", transferBytes / 1048576.0 / seconds);
  }
}
