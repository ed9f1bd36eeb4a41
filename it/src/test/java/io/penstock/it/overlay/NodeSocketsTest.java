package io.penstock.it.overlay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.PeerInfo;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.node.Node;
import io.penstock.node.capture.PacketCapture;
import io.penstock.node.fallback.FallbackHandle;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.node.fallback.FlowHandler;
import io.penstock.node.proxy.LoopbackProxy;
import io.penstock.node.proxy.ProxyConfig;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Blocking code on two nodes of a whole gateway: what tsnet's own tests demand of listeners,
/// dials, fallback handlers and the loopback proxy, and more.
@ExtendWith(LeakCheck.class)
@SuppressWarnings("try") // Ends are closed early where that is what is tested.
class NodeSocketsTest {

  private static final int LIMIT_MILLIS = 60_000;

  @TempDir private Path data;

  private TestOverlay overlay;
  private CreatedToken ann;
  private Node web;
  private Node db;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(data);
    ann = overlay.token("ann");
    web = OverlayNode.join(overlay, "web", ann);
    db = OverlayNode.join(overlay, "db", ann);
    await().atMost(OverlayNode.LIMIT).until(() -> web.peers().size() == 2);
    await().atMost(OverlayNode.LIMIT).until(() -> db.peers().size() == 2);
  }

  @AfterEach
  void close() {
    web.close();
    db.close();
    overlay.close();
  }

  private static void assertEchoes(Socket socket) throws IOException {
    socket.setSoTimeout(LIMIT_MILLIS);
    socket.getOutputStream().write("word".getBytes(UTF_8));
    assertThat(socket.getInputStream().readNBytes(4)).isEqualTo("word".getBytes(UTF_8));
  }

  private static FlowHandler<Socket> echo() {
    return socket -> socket.getInputStream().transferTo(socket.getOutputStream());
  }

  /// Serves each connection of a listener on a thread of its own until it is closed.
  private static void serve(ServerSocket listener, FlowHandler<Socket> handler) {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                while (true) {
                  Socket accepted = listener.accept();
                  Thread.ofVirtual()
                      .start(
                          () -> {
                            try (accepted) {
                              handler.handle(accepted);
                            } catch (Exception _) {
                              // The visitor is gone.
                            }
                          });
                }
              } catch (IOException _) {
                // The listener was closed.
              }
            });
  }

  // ---- listening and dialling ----

  @Test
  void a_node_is_dialled_by_name_and_by_each_of_its_addresses() throws Exception {
    try (ServerSocket listener = db.listen(5432)) {
      serve(listener, echo());
      for (String host :
          List.of(
              "db",
              "db.penstock.internal",
              OverlayNode.address(db, IpFamily.IPV4).toString(),
              OverlayNode.address(db, IpFamily.IPV6).toString())) {
        try (Socket socket = web.dial(host, 5432)) {
          assertEchoes(socket);
        }
      }
      try (Socket self = db.dial("db", 5432)) {
        assertEchoes(self);
      }
      try (Socket made = web.socketFactory().createSocket("db", 5432)) {
        assertEchoes(made);
      }
    }
  }

  @Test
  void both_ends_of_a_socket_know_who_the_other_is() throws Exception {
    try (ServerSocket listener = db.listen(5432);
        Socket dialled = web.dial("db", 5432);
        Socket accepted = listener.accept();
        Socket made = web.socketFactory().createSocket("db", 5432);
        Socket plain = new Socket()) {
      assertThat(db.whoIs(accepted)).map(PeerInfo::name).contains("web");
      assertThat(web.whoIs(dialled)).map(PeerInfo::name).contains("db");
      assertThat(web.whoIs(made)).map(PeerInfo::name).contains("db");
      assertThat(db.whoIs(plain)).as("a socket of the machine").isEmpty();
    }
  }

  @Test
  void datagrams_travel_both_ways() throws Exception {
    try (DatagramSocket server = db.listenUdp(53);
        DatagramSocket client = web.dialUdp("db", 53)) {
      server.setSoTimeout(LIMIT_MILLIS);
      client.setSoTimeout(LIMIT_MILLIS);
      client.send(new DatagramPacket("ask".getBytes(UTF_8), 3));
      DatagramPacket asked = new DatagramPacket(new byte[10], 10);
      server.receive(asked);
      server.send(new DatagramPacket("told".getBytes(UTF_8), 4, asked.getSocketAddress()));
      DatagramPacket told = new DatagramPacket(new byte[10], 10);
      client.receive(told);
      assertThat(new String(told.getData(), 0, told.getLength(), UTF_8)).isEqualTo("told");
    }
  }

  @Test
  void an_exact_and_a_wildcard_udp_socket_share_a_port_and_a_second_of_each_is_refused()
      throws Exception {
    IpAddress exactly = OverlayNode.address(db, IpFamily.IPV6);
    try (DatagramSocket wildcard = db.listenUdp(53);
        DatagramSocket exact = db.listenUdp(exactly, 53)) {
      for (IpAddress address : db.addresses()) {
        DatagramSocket expected = address.equals(exactly) ? exact : wildcard;
        expected.setSoTimeout(LIMIT_MILLIS);
        try (DatagramSocket client = web.dialUdp(address.toString(), 53)) {
          client.send(new DatagramPacket("ask".getBytes(UTF_8), 3));
          DatagramPacket asked = new DatagramPacket(new byte[10], 10);
          expected.receive(asked);
          assertThat(asked.getLength()).isEqualTo(3);
        }
      }
      assertThatThrownBy(() -> db.listenUdp(53))
          .isInstanceOf(BindException.class)
          .hasMessageContaining("a listener of this program");
      assertThatThrownBy(() -> db.listenUdp(exactly, 53)).isInstanceOf(BindException.class);
    }
    try (DatagramSocket free = db.listenUdp(0)) {
      assertThat(free.getLocalPort()).isPositive();
    }
  }

  @Test
  void nobody_at_a_port_is_a_refusal() {
    assertThatThrownBy(() -> web.dial("db", 4711)).isInstanceOf(ConnectException.class);
  }

  @Test
  void port_zero_gives_ports_that_are_different_and_reachable() throws Exception {
    List<ServerSocket> listeners = new ArrayList<>();
    Set<Integer> ports = new HashSet<>();
    for (int i = 0; i < 8; i++) {
      ServerSocket listener = db.listen(0);
      serve(listener, echo());
      listeners.add(listener);
      ports.add(listener.getLocalPort());
    }
    assertThat(ports).hasSize(8).doesNotContain(0);
    for (int port : ports) {
      try (Socket socket = web.dial("db", port)) {
        assertEchoes(socket);
      }
    }
    for (ServerSocket listener : listeners) {
      listener.close();
    }
  }

  @Test
  void an_exact_and_a_wildcard_listener_share_a_port_and_a_second_of_each_is_refused_by_name()
      throws Exception {
    IpAddress address = OverlayNode.address(db, IpFamily.IPV4);
    try (ServerSocket wildcard = db.listen(IpAddress.parse("::"), 80);
        ServerSocket exact = db.listen(address, 80)) {
      serve(wildcard, socket -> socket.getOutputStream().write('w'));
      serve(exact, socket -> socket.getOutputStream().write('e'));
      try (Socket toExact = web.dial(address.toString(), 80);
          Socket toOther = web.dial(OverlayNode.address(db, IpFamily.IPV6).toString(), 80)) {
        assertThat(toExact.getInputStream().read()).isEqualTo('e');
        assertThat(toOther.getInputStream().read()).isEqualTo('w');
      }
      for (String any : List.of("0.0.0.0", "::")) {
        assertThatThrownBy(() -> db.listen(IpAddress.parse(any), 80))
            .isInstanceOf(BindException.class)
            .hasMessageContaining("a listener of this program");
      }
      assertThatThrownBy(() -> db.listen(address, 80)).isInstanceOf(BindException.class);
      assertThatThrownBy(() -> db.listen(OverlayNode.address(web, IpFamily.IPV4), 80))
          .isInstanceOf(BindException.class);
    }
  }

  @Test
  void closing_a_listener_or_its_node_wakes_whoever_accepts() throws Exception {
    ServerSocket listener = db.listen(80);
    CompletableFuture<Exception> woken = accepting(listener);
    listener.close();
    assertThat(woken.get(60, TimeUnit.SECONDS)).isInstanceOf(SocketException.class);
    assertThatThrownBy(() -> web.dial("db", 80)).isInstanceOf(ConnectException.class);

    CompletableFuture<Exception> wokenByNode = accepting(db.listen(81));
    db.close();
    assertThat(wokenByNode.get(60, TimeUnit.SECONDS)).isInstanceOf(SocketException.class);
  }

  private static CompletableFuture<Exception> accepting(ServerSocket listener) {
    CompletableFuture<Exception> woken = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (Socket accepted = listener.accept()) {
                woken.complete(new IllegalStateException("accepted " + accepted));
              } catch (IOException e) {
                woken.complete(e);
              }
            });
    return woken;
  }

  @Test
  void dial_waits_until_the_node_has_joined() throws Exception {
    try (ServerSocket listener = db.listen(80);
        Node late = Node.start(OverlayNode.config(overlay, "late", ann).build())) {
      serve(listener, echo());
      try (Socket socket = late.dial("db", 80)) {
        assertEchoes(socket);
      }
    }
  }

  @Test
  void a_dial_ends_at_its_limit_and_when_its_thread_is_interrupted() throws Exception {
    try (Node unreachable =
        Node.start(
            OverlayNode.config(overlay, "unreachable", ann)
                .token(
                    () -> {
                      throw new IllegalStateException("no token today");
                    })
                .build())) {
      assertThatThrownBy(() -> unreachable.dial("db", 80, Duration.ofMillis(200)))
          .isInstanceOf(SocketTimeoutException.class)
          .hasMessageContaining("no token today");
      CompletableFuture<Exception> ended = new CompletableFuture<>();
      Thread dialling =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      unreachable.dial("db", 80).close();
                    } catch (Exception e) {
                      ended.complete(e);
                    }
                  });
      dialling.interrupt();
      assertThat(ended.get(60, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void a_dial_waits_for_a_name_that_nobody_knows_no_longer_than_its_limit() throws Exception {
    Duration limit = Duration.ofMillis(200);
    try (Node patient =
            OverlayNode.join(
                OverlayNode.config(overlay, "patient", ann)
                    .nameLimit(Duration.ofHours(1))
                    .dialLimit(limit)
                    .build());
        LoopbackProxy proxy = patient.loopbackProxy(ProxyConfig.random())) {
      assertThatThrownBy(() -> patient.dial("nobody", 80, limit))
          .isInstanceOf(UnknownHostException.class);
      assertThatThrownBy(() -> patient.dialUdp("nobody", 53, limit))
          .isInstanceOf(UnknownHostException.class);
      try (Socket client = socks(proxy, proxy.password())) {
        assertThat(connect(client, "nobody", 80)).as("host unreachable").isEqualTo(4);
      }
    }
  }

  @Test
  void a_tls_listener_speaks_tls_and_passes_half_closes_on() throws Exception {
    X509Bundle certificate =
        new CertificateBuilder()
            .subject("CN=db.penstock.internal")
            .addSanDnsName("db.penstock.internal")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    try (ServerSocket listener = db.listenTls(443, serverContext(certificate))) {
      serve(
          listener,
          socket -> {
            byte[] all = socket.getInputStream().readAllBytes();
            socket.getOutputStream().write(all);
          });
      SSLContext client = ClientTls.jdkContext(new Trust.Anybody());
      try (Socket plain = web.dial("db", 443);
          SSLSocket secure =
              (SSLSocket) client.getSocketFactory().createSocket(plain, "db", 443, true)) {
        secure.setSoTimeout(LIMIT_MILLIS);
        secure.getOutputStream().write("over TLS".getBytes(UTF_8));
        secure.shutdownOutput();
        assertThat(secure.getInputStream().readAllBytes()).isEqualTo("over TLS".getBytes(UTF_8));
      }
    }
  }

  private static SSLContext serverContext(X509Bundle certificate) throws Exception {
    KeyStore store = certificate.toKeyStore(new char[0]);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  @Test
  void what_was_written_before_a_node_closes_arrives_and_its_peers_see_the_end() throws Exception {
    byte[] much = new byte[64 * 1024];
    try (ServerSocket listener = db.listen(80);
        Socket client = web.dial("db", 80);
        Socket open = web.dial("db", 80)) {
      Socket served = listener.accept();
      served.getOutputStream().write(much);
      served.close();
      db.close();
      client.setSoTimeout(LIMIT_MILLIS);
      open.setSoTimeout(LIMIT_MILLIS);
      assertThat(client.getInputStream().readAllBytes()).hasSize(much.length);
      assertThat(endOf(open)).as("an end, by the time of the read").isTrue();
    }
  }

  /// Whether the peer has ended the connection, orderly or not.
  private static boolean endOf(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException _) {
      return false;
    } catch (SocketException _) {
      return true;
    }
  }

  // ---- fallback ----

  @Test
  void a_fallback_handler_is_asked_once_and_not_after_it_was_closed() {
    AtomicInteger asked = new AtomicInteger();
    FallbackHandle handle =
        db.fallbackTcp(
            (_, _) -> {
              asked.incrementAndGet();
              return FlowAnswer.decline();
            });
    assertThatThrownBy(() -> web.dial("db", 4711)).isInstanceOf(ConnectException.class);
    assertThat(asked).hasValue(1);
    handle.close();
    assertThatThrownBy(() -> web.dial("db", 4711)).isInstanceOf(ConnectException.class);
    assertThat(asked).hasValue(1);
  }

  @Test
  void an_accepted_flow_is_a_socket_on_a_virtual_thread_and_its_peer_is_known() throws Exception {
    CompletableFuture<PeerInfo> who = new CompletableFuture<>();
    CompletableFuture<Boolean> virtual = new CompletableFuture<>();
    FallbackHandle handle =
        db.fallbackTcp(
            (source, destination) -> {
              if (destination.getPort() != 6000) {
                return FlowAnswer.reject();
              }
              assertThat(db.whoIs(source.getAddress())).isPresent();
              return FlowAnswer.accept(
                  socket -> {
                    db.whoIs(socket).ifPresent(who::complete);
                    virtual.complete(Thread.currentThread().isVirtual());
                    echo().handle(socket);
                  });
            });
    for (IpAddress address : db.addresses()) {
      try (Socket socket = web.dial(address.toString(), 6000)) {
        assertEchoes(socket);
        socket.shutdownOutput();
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
      }
    }
    assertThat(who.get(60, TimeUnit.SECONDS).name()).isEqualTo("web");
    assertThat(virtual.get(60, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> web.dial("db", 6001)).isInstanceOf(ConnectException.class);
    await().atMost(OverlayNode.LIMIT).until(() -> db.fallbackCounts().inFlight() == 0);
    assertThat(db.fallbackCounts().accepted()).isEqualTo(2);
    handle.close();
  }

  @Test
  void an_accepted_conversation_is_a_datagram_socket_with_the_first_datagram() throws Exception {
    db.fallbackUdp(
        (_, _) ->
            FlowAnswer.accept(
                socket -> {
                  DatagramPacket packet = new DatagramPacket(new byte[100], 100);
                  socket.receive(packet);
                  socket.send(new DatagramPacket(packet.getData(), packet.getLength()));
                }));
    try (DatagramSocket client = web.dialUdp("db", 7777)) {
      client.setSoTimeout(LIMIT_MILLIS);
      client.send(new DatagramPacket("ping".getBytes(UTF_8), 4));
      DatagramPacket answer = new DatagramPacket(new byte[100], 100);
      client.receive(answer);
      assertThat(new String(answer.getData(), 0, answer.getLength(), UTF_8)).isEqualTo("ping");
    }
  }

  // ---- the loopback proxy ----

  @Test
  void the_proxy_leads_into_the_overlay_by_socks_with_the_password_alone() throws Exception {
    try (ServerSocket listener = db.listen(80);
        LoopbackProxy proxy = web.loopbackProxy(ProxyConfig.random())) {
      serve(listener, echo());
      try (Socket client = socks(proxy, proxy.password())) {
        assertThat(connect(client, "db", 80)).as("succeeded").isZero();
        assertEchoes(client);
      }
      try (Socket client = socks(proxy, proxy.password())) {
        assertThat(connect(client, "db", 4711)).as("connection refused").isEqualTo(5);
      }
      try (Socket client = socks(proxy, proxy.password())) {
        assertThat(connect(client, "127.0.0.1", proxy.address().getPort()))
            .as("not allowed by ruleset")
            .isEqualTo(2);
      }
      assertThatThrownBy(() -> socks(proxy, "wrong")).isInstanceOf(IOException.class);
    }
  }

  /// A client of RFC 1928 up to the end of the authentication.
  private static Socket socks(LoopbackProxy proxy, String password) throws IOException {
    InetSocketAddress at = proxy.address();
    Socket client = new Socket(at.getAddress(), at.getPort());
    client.setSoTimeout(LIMIT_MILLIS);
    OutputStream out = client.getOutputStream();
    InputStream in = client.getInputStream();
    out.write(new byte[] {5, 1, 2});
    byte[] method = in.readNBytes(2);
    byte[] user = proxy.user().getBytes(UTF_8);
    byte[] secret = password.getBytes(UTF_8);
    out.write(1);
    out.write(user.length);
    out.write(user);
    out.write(secret.length);
    out.write(secret);
    byte[] answer = in.readNBytes(2);
    if (method[1] != 2 || answer.length < 2 || answer[1] != 0) {
      client.close();
      throw new IOException("the password was refused");
    }
    return client;
  }

  private static int connect(Socket client, String host, int port) throws IOException {
    OutputStream out = client.getOutputStream();
    byte[] name = host.getBytes(UTF_8);
    out.write(new byte[] {5, 1, 0, 3, (byte) name.length});
    out.write(name);
    out.write(new byte[] {(byte) (port >>> 8), (byte) port});
    byte[] answer = client.getInputStream().readNBytes(10);
    return answer[1];
  }

  @Test
  void the_proxy_understands_connect_and_nothing_else_of_http() throws Exception {
    try (ServerSocket listener = db.listen(80);
        LoopbackProxy proxy = web.loopbackProxy(ProxyConfig.random())) {
      serve(listener, echo());
      String right =
          Base64.getEncoder()
              .encodeToString((proxy.user() + ":" + proxy.password()).getBytes(UTF_8));
      try (Socket client = http(proxy, "CONNECT db:80", right)) {
        assertThat(head(client)).startsWith("HTTP/1.1 200");
        assertEchoes(client);
      }
      assertAnswer(proxy, "CONNECT db:80", "d3Jvbmc6d3Jvbmc=", "HTTP/1.1 407");
      assertAnswer(proxy, "CONNECT 127.0.0.1:80", right, "HTTP/1.1 403");
      assertAnswer(proxy, "CONNECT db:4711", right, "HTTP/1.1 502");
      assertAnswer(proxy, "GET http://db/", right, "HTTP/1.1 405");
    }
  }

  @Test
  void a_long_reply_comes_whole_through_both_doors_of_the_proxy_behind_the_clients_end()
      throws Exception {
    try (LoopbackProxy proxy = web.loopbackProxy(ProxyConfig.random())) {
      try (LongReply reply = new LongReply(db.listen(80));
          Socket client = socks(proxy, proxy.password())) {
        assertThat(connect(client, "db", 80)).as("succeeded").isZero();
        client.shutdownOutput();
        assertThat(client.getInputStream().transferTo(OutputStream.nullOutputStream()))
            .isEqualTo(LongReply.BYTES);
        assertThat(reply.sent()).isEqualTo(LongReply.BYTES);
      }
      String right =
          Base64.getEncoder()
              .encodeToString((proxy.user() + ":" + proxy.password()).getBytes(UTF_8));
      try (LongReply reply = new LongReply(db.listen(80));
          Socket client = http(proxy, "CONNECT db:80", right)) {
        assertThat(head(client)).startsWith("HTTP/1.1 200");
        client.shutdownOutput();
        assertThat(client.getInputStream().transferTo(OutputStream.nullOutputStream()))
            .isEqualTo(LongReply.BYTES);
        assertThat(reply.sent()).isEqualTo(LongReply.BYTES);
      }
    }
  }

  private static void assertAnswer(
      LoopbackProxy proxy, String request, String credentials, String expected) throws IOException {
    try (Socket client = http(proxy, request, credentials)) {
      assertThat(head(client)).startsWith(expected);
    }
  }

  private static Socket http(LoopbackProxy proxy, String request, String credentials)
      throws IOException {
    InetSocketAddress at = proxy.address();
    Socket client = new Socket(at.getAddress(), at.getPort());
    client.setSoTimeout(LIMIT_MILLIS);
    client
        .getOutputStream()
        .write(
            "%s HTTP/1.1\r\nHost: db\r\nProxy-Authorization: Basic %s\r\n\r\n"
                .formatted(request, credentials)
                .getBytes(UTF_8));
    return client;
  }

  private static String head(Socket client) throws IOException {
    StringBuilder head = new StringBuilder();
    InputStream in = client.getInputStream();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return head.toString();
  }

  // ---- captures ----

  @Test
  void a_capture_has_the_packets_of_a_connection_and_ends() throws Exception {
    byte[] bytes = Files.readAllBytes(captureOfAConnection());
    assertThat(bytes).startsWith(0xa1, 0xb2, 0x3c, 0x4d).hasSizeGreaterThan(24 + 6 * (16 + 40));
    assertThat(new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1)).contains("word");
  }

  @Test
  void tcpdump_opens_a_capture_and_finds_nothing_wrong_with_it() throws Exception {
    NetworkNamespace.requireProgram("tcpdump");
    assertThat(tcpdump(captureOfAConnection()))
        .contains("Flags [SEW], cksum", "Flags [S.E], cksum", "Flags [P.], cksum", ".80: ")
        .contains("(correct)")
        .doesNotContain("bad cksum", "incorrect", "truncated");
  }

  private Path captureOfAConnection() throws Exception {
    Path file = data.resolve("web.pcap");
    try (ServerSocket listener = db.listen(80)) {
      serve(listener, echo());
      try (PacketCapture capture = web.capturePcap(file)) {
        try (Socket socket = web.dial("db", 80)) {
          assertEchoes(socket);
        }
        assertThat(capture.leftOut()).isZero();
      }
      assertThatThrownBy(() -> web.capturePcap(file)).isInstanceOf(IOException.class);
    }
    return file;
  }

  /// What tcpdump sees in a capture.
  private String tcpdump(Path file) throws Exception {
    Path text = data.resolve("tcpdump.txt");
    Process process =
        new ProcessBuilder("tcpdump", "-n", "-v", "-r", file.toString())
            .redirectOutput(text.toFile())
            .redirectError(data.resolve("tcpdump.err").toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(data.resolve("tcpdump.err"))).isZero();
    return Files.readString(text);
  }
}
