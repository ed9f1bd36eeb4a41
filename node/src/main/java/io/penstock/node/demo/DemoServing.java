package io.penstock.node.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.api.HostPort;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.fallback.FallbackHandle;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.node.serve.HttpHandler;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.TcpPortHandler;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import javax.net.ssl.SSLSocket;

/// Tries what a node offers to another one, with both in this process: an app on a served HTTPS
/// port, by name, and a flow that only a fallback handler wants.
///
/// Blocks the calling thread, each step for at most [#STEP_LIMIT].
public final class DemoServing {

  /// What the checks are called in the table.
  public static final String SERVED = "Served port";

  public static final String FALLBACK = "Fallback flow";

  /// The longest that joining, a certificate, a dial or a read may take.
  public static final Duration STEP_LIMIT = Duration.ofSeconds(20);

  private static final int HTTPS = 443;
  private static final int CLAIMED = 4711;
  private static final int UNCLAIMED = 4712;

  private final HostPort gateway;
  private final Trust trust;
  private final String token;
  private final URI app;

  /// @param gateway its tunnel port
  /// @param token an API token with the scope `overlay`
  /// @param app a [SampleApp]
  public DemoServing(HostPort gateway, Trust trust, String token, URI app) {
    this.gateway = gateway;
    this.trust = trust;
    this.token = token;
    this.app = app;
  }

  /// Tries both, in order, and tells `done` after each.
  public List<DemoCheck.Result> run(Consumer<DemoCheck.Result> done) {
    List<DemoCheck.Result> results = new ArrayList<>();
    try (Node web = Node.start(config("demo-web"));
        Node visitor = Node.start(config("demo-visitor"))) {
      DemoCheck.attempt(SERVED, () -> blocking(() -> served(web, visitor)), results, done);
      DemoCheck.attempt(FALLBACK, () -> blocking(() -> fallback(web, visitor)), results, done);
    } catch (IOException e) {
      for (String name : List.of(SERVED, FALLBACK)) {
        DemoCheck.Result failed =
            new DemoCheck.Result(name, false, Duration.ZERO, String.valueOf(e.getMessage()));
        results.add(failed);
        done.accept(failed);
      }
    }
    return List.copyOf(results);
  }

  private NodeConfig config(String name) {
    return NodeConfig.builder(gateway.toString(), name)
        .trust(trust)
        .token(token)
        .startLimit(STEP_LIMIT)
        .dialLimit(STEP_LIMIT)
        .nameLimit(STEP_LIMIT)
        .build();
  }

  /// What blocks, and fails in the ways of a node.
  private interface Step {
    String run() throws IOException, ServeException, InterruptedException;
  }

  private static String blocking(Step step) throws IOException {
    try {
      return step.run();
    } catch (ServeException e) {
      throw new IOException(e.getMessage(), e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private String served(Node web, Node visitor)
      throws IOException, ServeException, InterruptedException {
    String host = nameOf(web);
    web.serve()
        .set(
            ServeConfig.EMPTY
                .withPort(HTTPS, TcpPortHandler.toHttps())
                .withHandler(host, HTTPS, "/", HttpHandler.proxyTo(app.toString())));
    Socket plain = visitor.dial(host, HTTPS);
    try (SSLSocket secure =
            (SSLSocket)
                ClientTls.jdkContext(trust)
                    .getSocketFactory()
                    .createSocket(plain, host, HTTPS, true);
        DemoVisitor page = DemoVisitor.on(secure, host, STEP_LIMIT)) {
      page.send("GET", "/");
      if (!page.text(page.okHead()).contains("<h1>It works.</h1>")) {
        throw new IOException("the answer is not the sample app's page");
      }
      return "https://" + host + " shows the app, over " + secure.getSession().getProtocol();
    }
  }

  private String fallback(Node web, Node visitor) throws IOException, InterruptedException {
    String host = nameOf(web);
    try (FallbackHandle _ =
        web.fallbackTcp(
            (_, destination) ->
                destination.getPort() == CLAIMED
                    ? FlowAnswer.accept(
                        flow -> flow.getInputStream().transferTo(flow.getOutputStream()))
                    : FlowAnswer.decline())) {
      long start = System.nanoTime();
      try (Socket flow = visitor.dial(host, CLAIMED)) {
        flow.setSoTimeout(Math.toIntExact(STEP_LIMIT.toMillis()));
        byte[] word = "echo".getBytes(UTF_8);
        flow.getOutputStream().write(word);
        flow.shutdownOutput();
        if (!new String(flow.getInputStream().readAllBytes(), UTF_8).equals("echo")) {
          throw new IOException("the handler's answer did not come back");
        }
      }
      double millis = (System.nanoTime() - start) / 1e6;
      requireRefused(visitor, host);
      return String.format(
          Locale.ROOT,
          "a handler took port %d in %.1f ms and left %d refused",
          CLAIMED,
          millis,
          UNCLAIMED);
    }
  }

  private static void requireRefused(Node visitor, String host)
      throws IOException, InterruptedException {
    try (Socket _ = visitor.dial(host, UNCLAIMED)) {
      throw new IOException("port " + UNCLAIMED + ", which nobody wants, was not refused");
    } catch (ConnectException _) {
      // As it should be.
    }
  }

  private static String nameOf(Node node) throws IOException, InterruptedException {
    node.awaitRunning(STEP_LIMIT);
    return node.domainName().orElseThrow(() -> new IOException("the node got no name"));
  }
}
