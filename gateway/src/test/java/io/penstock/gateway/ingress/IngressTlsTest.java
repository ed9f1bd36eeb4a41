package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.Identity;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.testkit.wire.WireSocket.End;
import io.penstock.transport.tls.ServerTls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Visitors over HTTPS.
class IngressTlsTest {

  private static final String GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

  @TempDir private Path directory;
  private IngressFixture gateway;
  private int port;

  @BeforeEach
  void start() throws IOException {
    CertificateAuthority authority =
        CertificateAuthority.loadOrCreate(directory, Clock.systemUTC());
    Identity identity = authority.issue(List.of("app.test"), List.of());
    SslContext context = ServerTls.context(identity.key(), identity.chain(), List.of("http/1.1"));
    gateway =
        IngressFixture.start(IngressConfig.builder().headTimeout(Duration.ofSeconds(2)).build());
    Channel bound =
        gateway
            .ingress
            .listenTls(
                gateway.visitorLoop(),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                (name, promise) ->
                    name != null && gateway.routes.knowsHost(name)
                        ? promise.setSuccess(context)
                        : promise.setFailure(new SSLException("no route for this host name")))
            .syncUninterruptibly()
            .channel();
    port = ((InetSocketAddress) bound.localAddress()).getPort();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private SSLSocket visit(String serverName) throws Exception {
    SSLContext trusting = SSLContext.getInstance("TLS");
    trusting.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
    SSLSocket socket =
        (SSLSocket)
            trusting.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(10_000);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(serverName)));
    parameters.setApplicationProtocols(new String[] {"http/1.1"});
    socket.setSSLParameters(parameters);
    return socket;
  }

  private static void send(SSLSocket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String readText(SSLSocket socket, int count) throws IOException {
    return new String(socket.getInputStream().readNBytes(count), StandardCharsets.ISO_8859_1);
  }

  @Test
  void aRequestIsServedAndKnownToBeSecure() throws Exception {
    try (SSLSocket visitor = visit("app.test")) {
      send(visitor, GET);
      assertThat(visitor.getApplicationProtocol()).isEqualTo("http/1.1");
      try (WireSocket stream = gateway.agent.accept()) {
        assertThat(stream.readHead()).contains("X-Forwarded-Proto: https\r\n", "proto=https\r\n");
        String response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        stream.send(response);
        assertThat(readText(visitor, response.length())).isEqualTo(response);
      }
    }
  }

  @Test
  void aLargeBodyArrivesWholeBothWays() throws Exception {
    byte[] body = new byte[8 << 20];
    ThreadLocalRandom.current().nextBytes(body);
    try (SSLSocket visitor = visit("app.test")) {
      send(
          visitor,
          "PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: " + body.length + "\r\n\r\n");
      Thread.startVirtualThread(() -> sendQuietly(visitor, body));
      try (WireSocket stream = gateway.agent.accept()) {
        stream.readHead();
        assertThat(stream.readBytes(body.length)).isEqualTo(body);
        String head = "HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n";
        Thread.startVirtualThread(() -> stream.send(head).send(body));
        assertThat(readText(visitor, head.length())).isEqualTo(head);
        assertThat(visitor.getInputStream().readNBytes(body.length)).isEqualTo(body);
      }
    }
  }

  private static void sendQuietly(SSLSocket socket, byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void leave(SSLSocket socket) throws IOException {
    socket.close();
  }

  @Test
  void aNameWithoutARouteGetsNoCertificate() throws Exception {
    try (SSLSocket visitor = visit("other.test")) {
      assertThatThrownBy(visitor::startHandshake).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aVisitorWhoClosesIsGoneAtOnce() throws Exception {
    try (SSLSocket visitor = visit("app.test")) {
      send(visitor, GET);
      try (WireSocket stream = gateway.agent.accept()) {
        stream.readHead();
        leave(visitor);
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Content-Length: 10\r\n\r\nhell", "Transfer-Encoding: chunked\r\n\r\n9\r\nhell"})
  void aResponseThatIsCutShortEndsWithoutAClosureAlert(String framing) throws Exception {
    try (SSLSocket visitor = visit("app.test")) {
      send(visitor, GET);
      try (WireSocket stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 200 OK\r\n" + framing);
        readText(visitor, 17);
      }
      assertThatThrownBy(() -> visitor.getInputStream().readAllBytes())
          .isInstanceOfAny(SSLException.class, SocketException.class);
    }
  }

  @Test
  void aVisitorWhoDoesNotFinishTheHandshakeIsClosed() {
    try (WireSocket visitor = WireSocket.connect(port)) {
      visitor.send("\026\003\001");
      assertThat(visitor.awaitEnd()).isNotNull();
    }
    await().until(() -> gateway.counters.connections() == 0);
  }

  @Test
  void plainHttpOnTheTlsPortIsClosed() {
    try (WireSocket visitor = WireSocket.connect(port)) {
      visitor.send(GET);
      assertThat(visitor.awaitEnd()).isNotNull();
    }
    assertThat(gateway.chosen).hasValue(0);
  }
}
