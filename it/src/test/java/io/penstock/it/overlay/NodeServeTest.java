package io.penstock.it.overlay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.api.CreatedToken;
import io.penstock.api.IpFamily;
import io.penstock.api.PeerInfo;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.NodeStatus;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.node.serve.AcceptedConnection;
import io.penstock.node.serve.CertificateSource;
import io.penstock.node.serve.FileCertificates;
import io.penstock.node.serve.HttpHandler;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.ServeManager;
import io.penstock.node.serve.SetOptions;
import io.penstock.node.serve.TcpPortHandler;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// A node that serves by its config, and one that visits it, on a whole gateway which certifies.
@ExtendWith(LeakCheck.class)
class NodeServeTest {

  private static final String NAME = "web.penstock.internal";
  private static final int LIMIT_MILLIS = 60_000;
  private static final int MIB = 1 << 20;

  @TempDir private Path data;

  private TestOverlay overlay;
  private CreatedToken ann;
  private Path state;
  private Node web;
  private Node laptop;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(data.resolve("gateway"));
    ann = overlay.token("ann");
    state = data.resolve("state of web");
    web = OverlayNode.join(webConfig());
    laptop = OverlayNode.join(overlay, "laptop", ann);
    await().atMost(OverlayNode.LIMIT).until(() -> laptop.peers().size() == 2);
    await().atMost(OverlayNode.LIMIT).until(() -> web.peers().size() == 2);
  }

  private NodeConfig webConfig() {
    return OverlayNode.config(overlay, "web", ann).state(state).build();
  }

  @AfterEach
  void close() {
    web.close();
    laptop.close();
    overlay.close();
  }

  // ---- visiting ----

  private SSLContext trust() throws IOException {
    return ClientTls.jdkContext(new Trust.CaFile(overlay.gateway().caCertificate().orElseThrow()));
  }

  /// Visits by a name that the certificate has to have.
  private SSLSocket visitSecurely(String name, int port) throws Exception {
    Socket plain = laptop.dial(name, port);
    plain.setSoTimeout(LIMIT_MILLIS);
    SSLSocket visit = (SSLSocket) trust().getSocketFactory().createSocket(plain, name, port, true);
    SSLParameters checked = visit.getSSLParameters();
    checked.setEndpointIdentificationAlgorithm("HTTPS");
    visit.setSSLParameters(checked);
    visit.startHandshake();
    return visit;
  }

  private static String ask(Socket visit, String path, String... headers) throws IOException {
    visit
        .getOutputStream()
        .write(
            "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n"
                .formatted(
                    path,
                    NAME,
                    String.join("", Arrays.stream(headers).map(each -> each + "\r\n").toList()))
                .getBytes(UTF_8));
    return readAnswer(visit.getInputStream());
  }

  /// Reads an answer that has a length.
  private static String readAnswer(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the connection ended after: " + head);
      }
      head.append((char) next);
    }
    int length =
        head.toString()
            .lines()
            .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
            .mapToInt(line -> Integer.parseInt(line.substring(line.indexOf(':') + 1).strip()))
            .findFirst()
            .orElse(0);
    return head + new String(in.readNBytes(length), UTF_8);
  }

  private String askPlainly(int port, String path) throws Exception {
    try (Socket visit = laptop.dial("web", port)) {
      visit.setSoTimeout(LIMIT_MILLIS);
      return ask(visit, path);
    }
  }

  private static ServeConfig secureProxy(HeaderApp app) {
    return ServeConfig.EMPTY
        .withPort(443, TcpPortHandler.toHttps())
        .withHandler(NAME, 443, "/", HttpHandler.proxyTo(app.target()));
  }

  private static ServeConfig text(int port, String text) {
    return ServeConfig.EMPTY
        .withPort(port, TcpPortHandler.toHttp())
        .withHandler(NAME, port, "/", HttpHandler.textOf(text));
  }

  // ---- what is served ----

  @Test
  void https_by_name_reaches_an_app_that_learns_who_visits() throws Exception {
    try (HeaderApp app = HeaderApp.start()) {
      web.serve().set(secureProxy(app));

      try (SSLSocket visit = visitSecurely(NAME, 443)) {
        assertThat(ask(visit, "/page?a=b", "Tailscale-User-Login: eve", "Penstock-Node: eve"))
            .contains("200 OK", "GET /page?a=b\n")
            .contains("host: " + NAME, "x-forwarded-proto: https")
            .contains("x-forwarded-for: " + OverlayNode.address(laptop, IpFamily.IPV4))
            .contains("tailscale-user-login: ann", "penstock-node: laptop")
            .doesNotContain("eve");
        assertThat(ask(visit, "/again")).contains("GET /again\n");
      }
      assertThatThrownBy(() -> visitSecurely("web", 443))
          .as("the name of a label is not certified")
          .isInstanceOf(SSLHandshakeException.class);
    }
  }

  @Test
  void a_forward_passes_bytes_and_the_end_of_one_direction_on() throws Exception {
    try (ServerSocket backend = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      web.serve()
          .set(
              ServeConfig.EMPTY.withPort(
                  5432, TcpPortHandler.forward("127.0.0.1:" + backend.getLocalPort())));
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket accepted = backend.accept()) {
                  long length = accepted.getInputStream().readAllBytes().length;
                  accepted.getOutputStream().write(("got " + length + "\n").getBytes(UTF_8));
                  accepted.getOutputStream().write(new byte[MIB]);
                } catch (IOException _) {
                  // The visitor says what is missing.
                }
              });
      try (Socket visit = laptop.dial("web", 5432)) {
        visit.setSoTimeout(LIMIT_MILLIS);
        visit.getOutputStream().write(new byte[8 * MIB]);
        visit.shutdownOutput();
        byte[] reply = visit.getInputStream().readAllBytes();
        assertThat(new String(reply, 0, 11, UTF_8)).isEqualTo("got " + 8 * MIB);
        assertThat(reply).hasSize(12 + MIB);
      }
    }
  }

  @Test
  void the_embedder_gets_connections_and_knows_who_they_are() throws Exception {
    var accepted = web.serve().set(ServeConfig.EMPTY.withPort(7, TcpPortHandler.accept()));
    try (Socket _ = laptop.dial("web", 7)) {
      AcceptedConnection connection = accepted.poll(OverlayNode.LIMIT).orElseThrow();
      assertThat(connection.peer().orElseThrow().name()).isEqualTo("laptop");
      connection.channel().close().sync();
    }
  }

  @Test
  void a_config_is_replaced_only_by_those_who_have_seen_it() throws Exception {
    ServeManager serve = web.serve();
    serve.set(text(80, "one"));
    ServeManager.Snapshot seen = serve.get();
    serve.set(text(80, "two"), SetOptions.LIBRARY.ifMatch(seen.etag()));
    assertThat(askPlainly(80, "/")).endsWith("two");

    assertThatThrownBy(() -> serve.set(text(80, "three"), SetOptions.LIBRARY.ifMatch(seen.etag())))
        .isInstanceOfSatisfying(
            ServeException.class,
            e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.CONFLICT));
    assertThat(askPlainly(80, "/")).endsWith("two");
  }

  // ---- TLS listeners ----

  @Test
  void a_tls_listener_shows_the_certificate_of_the_gateway_and_serve_the_same_one()
      throws Exception {
    try (HeaderApp app = HeaderApp.start();
        ServerSocket listener = web.listenTls(8443)) {
      web.serve().set(secureProxy(app));
      try (SSLSocket visit = visitSecurely(NAME, 8443);
          Socket accepted = listener.accept()) {
        assertThat(visit.getSession().getPeerCertificates()[0]).isEqualTo(certificate());
        assertThat(web.whoIs(accepted)).map(PeerInfo::name).contains("laptop");
        accepted.getOutputStream().write('!');
        assertThat(visit.getInputStream().read()).isEqualTo('!');
      }
      assertThatThrownBy(() -> visitSecurely("web", 8443))
          .as("the name of a label is not certified")
          .isInstanceOf(SSLHandshakeException.class);
    }
  }

  @Test
  void a_tls_listener_shows_files_which_are_read_again_when_they_change() throws Exception {
    Path chain = data.resolve("tls.crt");
    Path key = data.resolve("tls.key");
    X509Bundle first = selfSigned(chain, key, 0);
    try (ServerSocket listener =
        web.listenTls(8443, FileCertificates.pem(chain, key), "www.example.com")) {
      assertThat(shownTo(listener)).isEqualTo(first.getCertificate());
      X509Bundle second = selfSigned(chain, key, 1);
      await()
          .atMost(OverlayNode.LIMIT)
          .until(() -> shownTo(listener).equals(second.getCertificate()));
    }
    assertThatThrownBy(() -> web.listenTls(8443, FileCertificates.pem(chain, key), NAME))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("for [www.example.com] and not for " + NAME);
  }

  private static X509Bundle selfSigned(Path chain, Path key, int second) throws Exception {
    X509Bundle bundle =
        new CertificateBuilder()
            .subject("CN=www.example.com")
            .addSanDnsName("www.example.com")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    Files.writeString(chain, bundle.getCertificatePathPEM());
    Files.writeString(key, bundle.getPrivateKeyPEM());
    FileTime changed = FileTime.from(Instant.ofEpochSecond(1_700_000_000L + second));
    Files.setLastModifiedTime(chain, changed);
    Files.setLastModifiedTime(key, changed);
    return bundle;
  }

  private Certificate shownTo(ServerSocket listener) throws Exception {
    Socket plain = laptop.dial("web", listener.getLocalPort());
    plain.setSoTimeout(LIMIT_MILLIS);
    SSLContext anybody = ClientTls.jdkContext(new Trust.Anybody());
    try (SSLSocket visit =
        (SSLSocket) anybody.getSocketFactory().createSocket(plain, "www.example.com", 8443, true)) {
      visit.startHandshake();
      listener.accept().close();
      return visit.getSession().getPeerCertificates()[0];
    }
  }

  // ---- restarts ----

  @Test
  void a_restarted_node_serves_what_it_served_with_the_same_certificate() throws Exception {
    try (HeaderApp app = HeaderApp.start()) {
      web.serve().set(secureProxy(app));
      X509Certificate before = certificate();
      web.close();
      web = OverlayNode.join(webConfig());

      // Nobody asks the node to: it does so by itself.
      await().atMost(OverlayNode.LIMIT).until(() -> isServed(443));
      try (SSLSocket visit = visitSecurely(NAME, 443)) {
        assertThat(ask(visit, "/page")).contains("GET /page\n", "penstock-node: laptop");
      }
      assertThat(certificate()).isEqualTo(before);
      assertThat(web.serve().get().config()).isEqualTo(secureProxy(app));
      try (var files = Files.list(state)) {
        assertThat(files)
            .allSatisfy(
                file ->
                    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as(file.toString())
                        .isEqualTo("rw-------"))
            .extracting(file -> file.getFileName().toString())
            .containsExactlyInAnyOrder("certificate.pem", "lock", "node.pem", "serve.json");
      }
    }
  }

  @Test
  void what_was_stored_is_served_also_after_the_token_could_not_be_read_for_once()
      throws Exception {
    try (HeaderApp app = HeaderApp.start()) {
      web.serve().set(secureProxy(app));
      web.close();
      Files.delete(state.resolve("certificate.pem"));
      AtomicInteger asked = new AtomicInteger();
      web =
          OverlayNode.join(
              OverlayNode.config(overlay, "web", ann)
                  .state(state)
                  .token(() -> tokenButForTheSecondTime(asked))
                  .build());

      await().atMost(OverlayNode.LIMIT).until(() -> isServed(443));
      assertThat(asked).hasValueGreaterThan(2);
      try (SSLSocket visit = visitSecurely(NAME, 443)) {
        assertThat(ask(visit, "/page")).contains("GET /page\n");
      }
    }
  }

  /// The first one buys the session, the next ones a certificate.
  private String tokenButForTheSecondTime(AtomicInteger asked) {
    if (asked.incrementAndGet() == 2) {
      throw new UncheckedIOException(new IOException("the token is just being replaced"));
    }
    return ann.token();
  }

  @Test
  void a_source_of_certificates_that_throws_anything_is_a_reason_not_to_serve() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    web.close();
    web =
        OverlayNode.join(
            OverlayNode.config(overlay, "web", ann)
                .state(state)
                .certificates(
                    name -> {
                      asked.incrementAndGet();
                      throw new IllegalStateException("no key store for " + name);
                    })
                .build());
    try (HeaderApp app = HeaderApp.start()) {
      assertThatThrownBy(() -> web.serve().set(secureProxy(app)))
          .isInstanceOfSatisfying(
              ServeException.class,
              e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.CERTIFICATE))
          .hasMessageContaining("no key store for " + NAME);
    }
    assertThat(asked).hasValue(1);
  }

  @Test
  void a_kept_certificate_that_is_damaged_or_foreign_is_replaced_by_a_new_one() throws Exception {
    try (HeaderApp app = HeaderApp.start()) {
      web.serve().set(secureProxy(app));
      X509Certificate before = certificate();
      Path kept = state.resolve("certificate.pem");
      String good = Files.readString(kept);
      for (String wrong :
          List.of(
              good.substring(0, good.length() / 2),
              good.replaceFirst("from .*", "from gw.example.com:7443"),
              "no certificate")) {
        web.close();
        Files.writeString(kept, wrong);
        web = OverlayNode.join(webConfig());
        await().atMost(OverlayNode.LIMIT).until(() -> isServed(443));
        assertThat(certificate()).isNotEqualTo(before);
        assertThat(Files.readString(kept)).isNotEqualTo(wrong);
      }
    }
  }

  private X509Certificate certificate() throws Exception {
    try (SSLSocket visit = visitSecurely(NAME, 443)) {
      return (X509Certificate) visit.getSession().getPeerCertificates()[0];
    }
  }

  private boolean isServed(int port) throws Exception {
    return OverlayNode.isServed(laptop, "web", port);
  }

  @Test
  void what_cannot_be_served_after_a_restart_is_kept_and_told() throws Exception {
    web.serve().set(text(80, "one"));
    web.close();
    Path stored = state.resolve("serve.json");
    Files.writeString(stored, "{\"TCP\": {\"80\": ");
    web = OverlayNode.join(webConfig());

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> web.serve())
          .isInstanceOfSatisfying(
              ServeException.class,
              e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.MALFORMED))
          .hasMessageContaining(stored.toString());
    }
    assertThat(Files.readString(stored)).isEqualTo("{\"TCP\": {\"80\": ");
    Files.delete(stored);
    web.serve().set(text(80, "two"));
    assertThat(askPlainly(80, "/")).endsWith("two");
  }

  @Test
  void connections_live_through_a_restarted_gateway() throws Exception {
    try (HeaderApp app = HeaderApp.start();
        ServerSocket backend = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      web.serve()
          .set(
              secureProxy(app)
                  .withPort(5432, TcpPortHandler.forward("127.0.0.1:" + backend.getLocalPort())));
      List<NodeStatus> statuses = new CopyOnWriteArrayList<>();
      laptop.onStatus(statuses::add);
      try (SSLSocket visit = visitSecurely(NAME, 443);
          Socket forwarded = laptop.dial("web", 5432);
          Socket behind = backend.accept()) {
        forwarded.setSoTimeout(LIMIT_MILLIS);
        behind.setSoTimeout(LIMIT_MILLIS);
        assertThat(ask(visit, "/before")).contains("GET /before\n");
        forwarded.getOutputStream().write('a');
        assertThat(behind.getInputStream().read()).isEqualTo('a');

        overlay.restart();

        assertThat(ask(visit, "/after")).contains("GET /after\n", "penstock-node: laptop");
        behind.getOutputStream().write('b');
        assertThat(forwarded.getInputStream().read()).isEqualTo('b');
        assertThat(statuses)
            .as("the link was lost in between")
            .hasAtLeastOneElementOfType(NodeStatus.Degraded.class);
      }
    }
  }

  // ---- beside listeners and fallback handlers ----

  @Test
  void a_port_has_one_owner_and_the_second_is_told_who() throws Exception {
    ServeManager serve = web.serve();
    serve.set(text(80, "served"));
    assertThatThrownBy(() -> web.listen(80))
        .isInstanceOf(BindException.class)
        .hasMessageContaining("serve");
    assertThatThrownBy(() -> web.listen(OverlayNode.address(web, IpFamily.IPV6), 80))
        .isInstanceOf(BindException.class)
        .hasMessageContaining("serve");

    try (ServerSocket _ = web.listen(OverlayNode.address(web, IpFamily.IPV4), 81)) {
      assertThatThrownBy(() -> serve.set(text(81, "not served")))
          .isInstanceOfSatisfying(
              ServeException.class,
              e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.BIND))
          .hasMessageContaining("a listener of this program");
    }
    assertThat(serve.get().config()).isEqualTo(text(80, "served"));
    serve.set(text(81, "served"));
    assertThat(askPlainly(81, "/")).endsWith("served");
    web.listen(80).close();
  }

  @Test
  void listeners_come_before_what_is_served_and_handlers_after_it() throws Exception {
    List<Integer> asked = new CopyOnWriteArrayList<>();
    web.fallbackTcp(
        (_, destination) -> {
          asked.add(destination.getPort());
          return FlowAnswer.accept(socket -> socket.getOutputStream().write('f'));
        });
    web.serve().set(text(80, "served"));
    try (ServerSocket listener = web.listen(81)) {
      try (Socket visit = laptop.dial("web", 81);
          Socket accepted = listener.accept()) {
        accepted.getOutputStream().write('l');
        assertThat(visit.getInputStream().read()).isEqualTo('l');
      }
      assertThat(askPlainly(80, "/")).endsWith("served");
      assertThat(asked).isEmpty();
      try (Socket visit = laptop.dial("web", 82)) {
        assertThat(visit.getInputStream().read()).isEqualTo('f');
      }
    }
    web.serve().set(ServeConfig.EMPTY);
    try (Socket visit = laptop.dial("web", 80)) {
      assertThat(visit.getInputStream().read()).isEqualTo('f');
    }
    assertThat(asked).containsExactly(82, 80);
  }

  // ---- the end ----

  @Test
  void closing_a_node_ends_what_it_serves_and_leaves_the_config() throws Exception {
    try (HeaderApp app = HeaderApp.start()) {
      ServeManager serve = web.serve();
      serve.set(secureProxy(app));
      List<SSLSocket> visits = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        SSLSocket visit = visitSecurely(NAME, 443);
        assertThat(ask(visit, "/")).contains("200 OK");
        visits.add(visit);
      }
      web.close();
      for (SSLSocket visit : visits) {
        assertThat(visit.getInputStream().read()).isEqualTo(-1);
        visit.close();
      }
      assertThat(serve.connections(443)).isZero();
      assertThatThrownBy(() -> serve.set(ServeConfig.EMPTY))
          .isInstanceOf(IllegalStateException.class);
      assertThat(Files.readString(state.resolve("serve.json"))).contains(app.target());
    }
  }

  @Test
  void a_source_of_certificates_that_hangs_does_not_keep_a_node_from_closing() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    Node slow =
        OverlayNode.join(
            OverlayNode.config(overlay, "slow", ann)
                .closeLimit(Duration.ofMillis(200))
                .certificates(name -> hang(name, asked, released))
                .build());
    ServeManager serve = slow.serve();
    ServeConfig secure =
        ServeConfig.EMPTY.withPort(
            443, TcpPortHandler.forward("127.0.0.1:1").withTerminateTls("slow.penstock.internal"));
    CompletableFuture<Void> setting =
        CompletableFuture.runAsync(
            () -> assertThatThrownBy(() -> serve.set(secure)).isInstanceOf(ServeException.class),
            Thread::startVirtualThread);
    asked.await();
    slow.close();
    assertThat(slow.status().isFinal()).isTrue();
    assertThat(setting).isNotDone();
    released.countDown();
    setting.get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
  }

  private static CertificateSource.Certificate hang(
      String name, CountDownLatch asked, CountDownLatch released) throws IOException {
    asked.countDown();
    try {
      released.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    throw new IOException("there is none for " + name);
  }
}
