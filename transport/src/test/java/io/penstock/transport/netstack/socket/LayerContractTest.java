package io.penstock.transport.netstack.socket;

import static io.penstock.transport.netstack.socket.Transfers.random;
import static io.penstock.transport.netstack.socket.Transfers.sendAll;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.transport.netstack.socket.Threads.Task;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/// What libraries put on top of a socket: HTTP, the TLS of the JDK, and the JDK's HTTPS client over
/// both. Ours carry it as the JDK's own sockets do.
@ParameterizedClass
@CsvSource({"HOST, PLATFORM", "HOST, VIRTUAL", "STACK, PLATFORM", "STACK, VIRTUAL"})
class LayerContractTest {

  private final World.Kind kind;
  private final Threads threads;
  private World world;
  private SSLContext tlsOfServer;
  private SSLContext tlsOfClient;

  LayerContractTest(World.Kind kind, Threads threads) {
    this.kind = kind;
    this.threads = threads;
  }

  @BeforeEach
  void open() throws Exception {
    world = kind.open();
    X509Bundle identity =
        new CertificateBuilder()
            .subject("CN=server.test")
            .addSanDnsName("server.test")
            .addSanIpAddress(world.serverAddress())
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    tlsOfServer = SSLContext.getInstance("TLS");
    tlsOfServer.init(identity.toKeyManagerFactory().getKeyManagers(), null, null);
    tlsOfClient = SSLContext.getInstance("TLS");
    tlsOfClient.init(null, new TrustManager[] {identity.toTrustManager()}, null);
  }

  @AfterEach
  void close() throws Exception {
    world.close();
  }

  // ---- HTTP ----

  @Test
  void requests_and_answers_follow_each_other_on_one_connection() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<?> serving = threads.run(() -> EchoOverHttp.serve(pair.server()));
      for (int bytes : new int[] {0, 1, 300_000}) {
        byte[] body = random(bytes, bytes);
        String head = "POST /%d HTTP/1.1\r\nContent-Length: %d\r\n\r\n".formatted(bytes, bytes);
        pair.toServer().write(head.getBytes(US_ASCII));
        pair.toServer().write(body);
        String answer = EchoOverHttp.head(pair.fromServer());
        assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n").contains("Path: /" + bytes + "\r\n");
        assertThat(pair.fromServer().readNBytes(EchoOverHttp.bodyBytes(answer))).isEqualTo(body);
      }
      pair.client().shutdownOutput();
      assertThat(pair.fromServer().read()).isEqualTo(-1);
      serving.get();
    }
  }

  /// The JDK's client connects a socket of ours, has TLS put on it, and checks the certificate
  /// against the address.
  @Test
  void the_https_client_of_the_jdk_uploads_and_downloads() throws Exception {
    byte[] body = random(700_000, 1);
    try (ServerSocket listening = world.newServerSocket()) {
      listening.bind(new InetSocketAddress(0));
      Task<?> serving =
          threads.run(() -> EchoOverHttp.serve(secured(listening.accept(), tlsOfServer)));
      String host = world.serverAddress().getHostAddress();
      URI place = URI.create("https://%s:%d/up".formatted(host, listening.getLocalPort()));
      HttpsURLConnection request = (HttpsURLConnection) place.toURL().openConnection();
      request.setSSLSocketFactory(
          new LayeredTlsFactory(tlsOfClient.getSocketFactory(), world::newSocket));
      request.setConnectTimeout(30_000);
      request.setReadTimeout(30_000);
      request.setRequestProperty("Connection", "close");
      request.setRequestMethod("POST");
      request.setDoOutput(true);
      request.setFixedLengthStreamingMode(body.length);

      byte[] answer =
          threads
              .start(
                  () -> {
                    try (OutputStream out = request.getOutputStream()) {
                      out.write(body);
                    }
                    try (InputStream in = request.getInputStream()) {
                      return in.readAllBytes();
                    }
                  })
              .get();

      assertThat(request.getResponseCode()).isEqualTo(200);
      assertThat(request.getHeaderField("Path")).isEqualTo("/up");
      assertThat(answer).isEqualTo(body);
      serving.get();
    }
  }

  // ---- TLS ----

  /// The server's side of TLS over a connection.
  private static SSLSocket secured(Socket accepted, SSLContext tls) throws Exception {
    return (SSLSocket) tls.getSocketFactory().createSocket(accepted, null, true);
  }

  private SSLSocket overClient(Pair pair, AutoClose close) throws Exception {
    SSLSocketFactory factory = tlsOfClient.getSocketFactory();
    int port = pair.client().getPort();
    return (SSLSocket)
        factory.createSocket(pair.client(), "server.test", port, close == AutoClose.YES);
  }

  /// Whether a layer closes the socket below it.
  private enum AutoClose {
    YES,
    NO
  }

  @Test
  void tls_carries_bytes_both_ways_at_once_and_each_end_ends() throws Exception {
    byte[] there = random(2 << 20, 2);
    byte[] back = random(2 << 20, 3);
    try (Pair pair = Pair.open(world);
        SSLSocket client = overClient(pair, AutoClose.YES);
        SSLSocket server = secured(pair.server(), tlsOfServer)) {
      Task<?> sent = threads.run(() -> sendAll(client, there));
      Task<?> returned = threads.run(() -> sendAll(server, back));
      Task<byte[]> received = threads.start(() -> server.getInputStream().readAllBytes());
      assertThat(client.getInputStream().readAllBytes()).isEqualTo(back);
      assertThat(received.get()).isEqualTo(there);
      sent.get();
      returned.get();
      assertThat(client.getSession().getPeerPrincipal().getName()).isEqualTo("CN=server.test");
    }
  }

  @Test
  void a_layer_that_closes_automatically_closes_the_socket_below() throws Exception {
    try (Pair pair = Pair.open(world)) {
      SSLSocket client = overClient(pair, AutoClose.YES);
      SSLSocket server = secured(pair.server(), tlsOfServer);
      Task<Integer> end =
          threads.start(
              () -> {
                server.getOutputStream().write('h');
                return server.getInputStream().read();
              });
      // With it comes the last of what the server has to say by itself, which a closed socket
      // resets.
      assertThat(client.getInputStream().read()).isEqualTo('h');
      client.close();
      assertThat(end.get()).isEqualTo(-1);
      assertThat(pair.client().isClosed()).isTrue();
      server.close();
      assertThat(pair.server().isClosed()).isTrue();
    }
  }

  @Test
  void a_layer_that_does_not_close_leaves_a_socket_that_goes_on_without_it() throws Exception {
    try (Pair pair = Pair.open(world)) {
      SSLSocket client = overClient(pair, AutoClose.NO);
      SSLSocket server =
          (SSLSocket) tlsOfServer.getSocketFactory().createSocket(pair.server(), null, false);
      Task<?> serving =
          threads.run(
              () -> {
                assertThat(server.getInputStream().read()).isEqualTo(-1);
                server.close();
              });
      client.startHandshake();
      client.close();
      serving.get();
      assertThat(pair.client().isClosed()).isFalse();
      pair.toServer().write("in the clear".getBytes(US_ASCII));
      assertThat(pair.fromClient().readNBytes(12)).isEqualTo("in the clear".getBytes(US_ASCII));
    }
  }

  @Test
  void a_read_through_tls_times_out_and_the_connection_goes_on() throws Exception {
    try (Pair pair = Pair.open(world);
        SSLSocket client = overClient(pair, AutoClose.YES);
        SSLSocket server = secured(pair.server(), tlsOfServer)) {
      Task<?> greeted = threads.run(() -> server.getOutputStream().write('h'));
      assertThat(client.getInputStream().read()).isEqualTo('h');
      greeted.get();
      client.setSoTimeout(50);
      assertThat(threads.start(() -> client.getInputStream().read()).failure())
          .isExactlyInstanceOf(SocketTimeoutException.class)
          .hasMessage("Read timed out");
      client.setSoTimeout(60_000);
      server.getOutputStream().write('l');
      assertThat(client.getInputStream().read()).isEqualTo('l');
    }
  }

  @Test
  void a_server_that_is_not_trusted_is_told_so() throws Exception {
    SSLContext distrustful = SSLContext.getInstance("TLS");
    distrustful.init(null, null, null);
    try (Pair pair = Pair.open(world);
        SSLSocket client =
            (SSLSocket)
                distrustful
                    .getSocketFactory()
                    .createSocket(pair.client(), "server.test", pair.client().getPort(), true);
        SSLSocket server = secured(pair.server(), tlsOfServer)) {
      Task<Integer> reading = threads.start(() -> server.getInputStream().read());
      // The client says so in more than one write, and the server may be gone after the first.
      assertThatThrownBy(client::startHandshake)
          .isInstanceOfAny(SSLHandshakeException.class, SocketException.class);
      assertThat(reading.failure())
          .isInstanceOf(SSLHandshakeException.class)
          .hasMessageContaining("certificate_unknown");
    }
  }
}
