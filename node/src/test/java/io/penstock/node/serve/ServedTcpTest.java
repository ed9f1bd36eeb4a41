package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.NAME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testkit.leak.LeakCheck;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// TCP forwards on served ports, over our own TCP, with and without TLS.
@ExtendWith(LeakCheck.class)
@Timeout(120)
class ServedTcpTest {

  private static final int LONG = 8 * 1024 * 1024;
  private static final int ANSWER = 1024 * 1024;
  private static final int LIMIT_MILLIS = 60_000;

  private static SSLSocket secure(ServeFixture node, int port, String name) throws IOException {
    Socket plain = new Socket(InetAddress.getLoopbackAddress(), node.bridge(port));
    plain.setSoTimeout(LIMIT_MILLIS);
    SSLSocket socket =
        (SSLSocket) ServeFixture.trust().getSocketFactory().createSocket(plain, name, port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(name)));
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setProtocols(new String[] {"TLSv1.3"});
    socket.setSSLParameters(parameters);
    return socket;
  }

  // ---- half-closes ----

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void an_answer_arrives_whole_after_the_end_of_a_long_request(boolean tls) throws Exception {
    byte[] request = new byte[LONG];
    byte[] answer = new byte[ANSWER];
    new Random(1).nextBytes(request);
    new Random(2).nextBytes(answer);
    try (ServeFixture node = ServeFixture.start();
        ServerSocket app = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      TcpPortHandler forward = TcpPortHandler.forward("127.0.0.1:" + app.getLocalPort());
      node.serve.set(
          ServeConfig.EMPTY.withPort(5432, tls ? forward.withTerminateTls(NAME) : forward));
      CompletableFuture<Long> got = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> {
            try (Socket served = app.accept()) {
              served.setSoTimeout(LIMIT_MILLIS);
              // Nothing is said before the end of the request has come.
              got.complete(crc(served.getInputStream().readAllBytes()));
              served.getOutputStream().write(answer);
            } catch (IOException e) {
              got.completeExceptionally(e);
            }
          });
      try (Socket visitor =
          tls
              ? secure(node, 5432, NAME)
              : new Socket(InetAddress.getLoopbackAddress(), node.bridge(5432))) {
        visitor.setSoTimeout(LIMIT_MILLIS);
        visitor.getOutputStream().write(request);
        visitor.shutdownOutput();
        byte[] came = visitor.getInputStream().readAllBytes();
        assertThat(got.get()).isEqualTo(crc(request));
        assertThat(came).hasSize(ANSWER);
        assertThat(crc(came)).isEqualTo(crc(answer));
      }
    }
  }

  private static long crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }

  @Test
  void a_backend_that_breaks_is_no_orderly_end_to_the_visitor() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(22, TcpPortHandler.forward("127.0.0.1:" + app.port())));
      try (WireSocket visitor = node.visit(22);
          WireSocket backend = app.accept()) {
        backend.send("hello");
        assertThat(visitor.readText(5)).isEqualTo("hello");
        backend.reset();
        assertThat(visitor.awaitEnd()).isEqualTo(WireSocket.End.RESET);
      }
    }
  }

  @Test
  void a_visitor_who_breaks_off_resets_the_backend() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(22, TcpPortHandler.forward("127.0.0.1:" + app.port())));
      try (WireSocket visitor = node.visit(22);
          WireSocket backend = app.accept()) {
        visitor.send("hello");
        assertThat(backend.readText(5)).isEqualTo("hello");
        visitor.reset();
        assertThat(backend.awaitEnd()).isEqualTo(WireSocket.End.RESET);
      }
    }
  }

  @Test
  void a_tls_visitor_without_a_closure_alert_was_cut_short() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(
              22, TcpPortHandler.forward("127.0.0.1:" + app.port()).withTerminateTls(NAME)));
      Socket plain = new Socket(InetAddress.getLoopbackAddress(), node.bridge(22));
      SSLSocket visitor =
          (SSLSocket) ServeFixture.trust().getSocketFactory().createSocket(plain, NAME, 22, false);
      visitor.getOutputStream().write("hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      try (WireSocket backend = app.accept()) {
        assertThat(backend.readText(5)).isEqualTo("hello");
        plain.shutdownOutput();
        assertThat(backend.awaitEnd()).isEqualTo(WireSocket.End.RESET);
      }
      plain.close();
    }
  }

  // ---- where bytes go ----

  @Test
  void a_backend_that_cannot_be_reached_closes_the_connection() throws Exception {
    WireServer gone = WireServer.start();
    gone.close();
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(22, TcpPortHandler.forward("127.0.0.1:" + gone.port())));
      try (WireSocket visitor = node.visit(22)) {
        assertThat(visitor.awaitEnd()).isNotNull();
      }
    }
  }

  @Test
  void bytes_go_to_a_unix_socket(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("app.sock");
    try (ServeFixture node = ServeFixture.start();
        ServerSocketChannel app = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      app.bind(UnixDomainSocketAddress.of(socket));
      node.serve.set(ServeConfig.EMPTY.withPort(22, TcpPortHandler.forward("unix:" + socket)));
      try (WireSocket visitor = node.visit(22)) {
        visitor.send("ping").halfClose();
        try (SocketChannel backend = app.accept()) {
          ByteBuffer in = ByteBuffer.allocate(4);
          while (in.hasRemaining() && backend.read(in) >= 0) {
            // More is to come.
          }
          backend.write(ByteBuffer.wrap(new byte[] {'p', 'o', 'n', 'g'}));
        }
        assertThat(visitor.readToEnd()).isEqualTo("pong");
      }
    }
  }

  @Test
  void a_proxy_reaches_an_app_on_a_unix_socket(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("app.sock");
    try (ServeFixture node = ServeFixture.start();
        ServerSocketChannel app = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      app.bind(UnixDomainSocketAddress.of(socket));
      node.serve.set(
          ServeFixture.site(80, java.util.Map.of("/", HttpHandler.proxyTo("unix:" + socket))));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(ServeFixture.get("/x"));
        try (SocketChannel backend = app.accept()) {
          StringBuilder head = new StringBuilder();
          ByteBuffer in = ByteBuffer.allocate(1024);
          while (head.indexOf("\r\n\r\n") < 0 && backend.read(in.clear()) >= 0) {
            head.append(java.nio.charset.StandardCharsets.ISO_8859_1.decode(in.flip()));
          }
          assertThat(head.toString())
              .startsWith("GET /x HTTP/1.1\r\nHost: localhost\r\n")
              .contains("X-Forwarded-Host: " + NAME + "\r\n");
          backend.write(
              java.nio.charset.StandardCharsets.ISO_8859_1.encode(
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
        }
        assertThat(visitor.readMessage()).endsWith("hi");
      }
    }
  }

  @Test
  void version_1_of_the_proxy_header_is_a_line() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(
              22, TcpPortHandler.forward("127.0.0.1:" + app.port()).withProxyProtocol(1)));
      try (WireSocket visitor = node.visit(22)) {
        visitor.send("SSH");
        try (WireSocket backend = app.accept()) {
          assertThat(backend.readUntil("\r\n"))
              .matches("PROXY TCP4 10\\.0\\.0\\.1 10\\.0\\.0\\.2 [0-9]+ " + app.port() + "\r\n");
          assertThat(backend.readText(3)).isEqualTo("SSH");
        }
      }
    }
  }

  @Test
  void version_2_of_the_proxy_header_is_binary() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(
              22, TcpPortHandler.forward("127.0.0.1:" + app.port()).withProxyProtocol(2)));
      try (WireSocket visitor = node.visit(22)) {
        visitor.send("SSH");
        try (WireSocket backend = app.accept()) {
          byte[] header = backend.readBytes(28);
          assertThat(header)
              .startsWith(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
              .containsSequence(0x21, 0x11, 0x00, 0x0c, 10, 0, 0, 1, 10, 0, 0, 2);
          assertThat((header[26] & 0xff) << 8 | (header[27] & 0xff)).isEqualTo(app.port());
          assertThat(backend.readText(3)).isEqualTo("SSH");
        }
      }
    }
  }

  // ---- names ----

  @Test
  void a_name_that_is_not_ours_fails_the_handshake() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(
              443, TcpPortHandler.forward("127.0.0.1:" + app.port()).withTerminateTls(NAME)));
      try (SSLSocket visitor = secure(node, 443, "other.penstock.internal")) {
        assertThatThrownBy(visitor::startHandshake).isInstanceOf(IOException.class);
      }
      try (SSLSocket visitor = secure(node, 443, NAME)) {
        visitor.startHandshake();
      }
      assertThat(app.connections()).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void a_handshake_without_a_name_fails() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(443, TcpPortHandler.accept().withTerminateTls(NAME)));
      try (SSLSocket visitor =
          (SSLSocket)
              ServeFixture.trust()
                  .getSocketFactory()
                  .createSocket(InetAddress.getLoopbackAddress(), node.bridge(443))) {
        assertThatThrownBy(visitor::startHandshake)
            .isInstanceOfAny(SSLException.class, IOException.class);
      }
    }
  }

  // ---- the embedder ----

  @Test
  void a_connection_may_be_handed_to_the_embedder() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      AcceptedConnections accepted =
          node.serve.set(ServeConfig.EMPTY.withPort(7000, TcpPortHandler.accept()));
      try (WireSocket visitor = node.visit(7000)) {
        visitor.send("hello").halfClose();
        AcceptedConnection connection = accepted.poll(Duration.ofSeconds(30)).orElseThrow();
        assertThat(connection.port()).isEqualTo(7000);
        assertThat(connection.mount()).isEmpty();
        assertThat(connection.peer()).isEqualTo(Optional.of(ServeFixture.PEER));
        EmbeddedPeer peer = EmbeddedPeer.on(connection.channel());
        assertThat(peer.readToEnd()).isEqualTo("hello");
        peer.send("bye");
        connection.channel().close().sync();
        assertThat(visitor.readToEnd()).isEqualTo("bye");
      }
    }
  }
}
