package io.penstock.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.api.PeerInfo;
import io.penstock.node.ResumingVisitor.Answer;
import io.penstock.node.ResumingVisitor.Visit;
import io.penstock.node.serve.CertificateSource;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// TLS listeners on a stack: which certificate is shown to whom, and what visitors who mean no good
/// can do.
@ExtendWith(LeakCheck.class)
@SuppressWarnings("try") // Visitors are there without being used.
class TlsListenerTest {

  private static final String WEB = "web.penstock.internal";
  private static final String OTHER = "www.example.com";
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int LIMIT_MILLIS = (int) LIMIT.toMillis();

  private final Certificates certificates = new Certificates();
  private LinkedStacks stacks;

  /// A source whose certificates the test changes.
  private static final class Certificates implements CertificateSource {

    final Map<String, Certificate> byName = new ConcurrentHashMap<>();
    final AtomicInteger asked = new AtomicInteger();
    volatile boolean broken;

    /// Has a new one for a name from now on.
    X509Certificate issue(String name, CertificateBuilder.Algorithm algorithm) throws Exception {
      X509Bundle bundle =
          new CertificateBuilder()
              .algorithm(algorithm)
              .subject("CN=" + name)
              .addSanDnsName(name)
              .setIsCertificateAuthority(true)
              .buildSelfSigned();
      byName.put(
          name,
          new Certificate(bundle.getKeyPair().getPrivate(), List.of(bundle.getCertificate())));
      return bundle.getCertificate();
    }

    X509Certificate issue(String name) throws Exception {
      return issue(name, CertificateBuilder.Algorithm.ecp256);
    }

    @Override
    public Certificate certificate(String name) throws IOException {
      asked.incrementAndGet();
      if (broken) {
        throw new IllegalStateException("broken today");
      }
      Certificate found = byName.get(name);
      if (found == null) {
        throw new IOException("none for " + name + " today");
      }
      return found;
    }
  }

  @BeforeEach
  void start() throws Exception {
    stacks = new LinkedStacks();
  }

  @AfterEach
  void close() {
    stacks.close();
  }

  private ServerSocket listen(String... names) throws IOException {
    return stacks.server.listenTls(443, NamedKeys.tls(certificates, List.of(names)));
  }

  private Socket connect() throws IOException {
    try {
      return stacks.client.dial(LinkedStacks.SERVER.inet(), 443, LIMIT);
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts a test", e);
    }
  }

  /// Makes a whole handshake in which a name is asked for; none if it is empty.
  private SSLSocket visit(Socket plain, String name) throws IOException {
    plain.setSoTimeout(LIMIT_MILLIS);
    SSLSocket visit =
        (SSLSocket)
            ClientTls.jdkContext(new Trust.Anybody())
                .getSocketFactory()
                .createSocket(plain, LinkedStacks.SERVER.toString(), 443, true);
    SSLParameters parameters = visit.getSSLParameters();
    parameters.setServerNames(name.isEmpty() ? List.of() : List.of(new SNIHostName(name)));
    visit.setSSLParameters(parameters);
    visit.startHandshake();
    return visit;
  }

  private X509Certificate shown(String name) throws IOException {
    try (SSLSocket visit = visit(connect(), name)) {
      return (X509Certificate) visit.getSession().getPeerCertificates()[0];
    }
  }

  // ---- names and certificates ----

  @Test
  void each_name_has_its_certificate_and_other_names_have_none() throws Exception {
    X509Certificate web = certificates.issue(WEB);
    X509Certificate other = certificates.issue(OTHER);
    certificates.issue("third.example.com");
    try (ServerSocket _ = listen(WEB, OTHER)) {
      assertThat(shown(WEB)).isEqualTo(web);
      assertThat(shown("WWW.Example.COM")).isEqualTo(other);
      assertThatThrownBy(() -> shown("third.example.com")).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> shown("")).isInstanceOf(IOException.class);
      assertThat(shown(WEB)).isEqualTo(web);
    }
  }

  @Test
  void without_a_certificate_nobody_listens_and_the_reason_is_told() throws Exception {
    certificates.issue(WEB);
    assertThatThrownBy(() -> listen(WEB, OTHER))
        .isInstanceOf(IOException.class)
        .hasMessage("there is no certificate for www.example.com: none for www.example.com today");
    assertThatThrownBy(() -> listen()).isInstanceOf(IllegalArgumentException.class);
    listen(WEB).close();
  }

  @ParameterizedTest
  @EnumSource(names = {"ecp256", "ecp384", "rsa2048", "ed25519"})
  void keys_of_all_kinds_are_shown(CertificateBuilder.Algorithm algorithm) throws Exception {
    X509Certificate web = certificates.issue(WEB, algorithm);
    try (ServerSocket _ = listen(WEB)) {
      assertThat(shown(WEB)).isEqualTo(web);
    }
  }

  @Test
  void a_renewed_certificate_is_shown_within_ten_seconds_and_the_old_one_while_there_is_none()
      throws Exception {
    AtomicLong seconds = new AtomicLong();
    X509Certificate first = certificates.issue(WEB);
    SSLContext tls =
        NamedKeys.context(
            certificates, List.of(WEB), () -> TimeUnit.SECONDS.toNanos(seconds.get()));
    try (ServerSocket _ = stacks.server.listenTls(443, tls)) {
      X509Certificate second = certificates.issue(WEB);
      assertThat(shown(WEB)).isEqualTo(first);
      assertThat(certificates.asked).hasValue(1);
      seconds.addAndGet(10);
      assertThat(shown(WEB)).isEqualTo(second);
      assertThat(shown(WEB)).isEqualTo(second);
      assertThat(certificates.asked).hasValue(2);

      certificates.byName.clear();
      seconds.addAndGet(10);
      assertThat(shown(WEB)).isEqualTo(second);
      assertThat(shown(WEB)).isEqualTo(second);
      assertThat(certificates.asked).as("a source that fails is left alone, too").hasValue(3);
      X509Certificate third = certificates.issue(WEB);
      certificates.broken = true;
      seconds.addAndGet(10);
      assertThat(shown(WEB)).as("whatever it throws").isEqualTo(second);
      certificates.broken = false;
      seconds.addAndGet(10);
      assertThat(shown(WEB)).isEqualTo(third);
    }
  }

  @Test
  void a_ticket_is_taken_under_its_name_and_no_other() throws Exception {
    certificates.issue(WEB);
    certificates.issue(OTHER);
    Visit first = new Visit(false, Answer.GREETS_AND_SHOWS_A_CERTIFICATE);
    Visit resumed = new Visit(true, Answer.GREETS_WITHOUT_A_CERTIFICATE);
    Visit refused = new Visit(true, Answer.REFUSES);
    for (String notOurs : List.of(OTHER, "")) {
      try (ServerSocket listener = listenWithSessionCache(WEB);
          ResumingVisitor visitor = new ResumingVisitor(stacks)) {
        greetAll(listener);
        assertThat(visitor.visit(WEB)).isEqualTo(first);
        assertThat(visitor.visit(WEB)).isEqualTo(resumed);
        assertThat(visitor.visit("WEB.Penstock.INTERNAL")).isEqualTo(resumed);
        assertThat(visitor.visit(notOurs)).as("name \"%s\"", notOurs).isEqualTo(refused);
      }
    }
    try (ServerSocket listener = listenWithSessionCache(WEB, OTHER);
        ResumingVisitor visitor = new ResumingVisitor(stacks)) {
      greetAll(listener);
      assertThat(visitor.visit(WEB)).isEqualTo(first);
      assertThat(visitor.visit(OTHER))
          .isEqualTo(new Visit(true, Answer.GREETS_AND_SHOWS_A_CERTIFICATE));
    }
  }

  /// Whether the JDK takes such tickets for a listener that has names is its own affair.
  @Test
  void a_ticket_that_holds_its_session_by_itself_opens_no_other_name() throws Exception {
    certificates.issue(WEB);
    try (ServerSocket listener = listen(WEB);
        ResumingVisitor visitor = new ResumingVisitor(stacks)) {
      greetAll(listener);
      for (String notOurs : List.of(OTHER, "")) {
        assertThat(visitor.visit(WEB).answer()).isNotEqualTo(Answer.REFUSES);
        assertThat(visitor.visit(notOurs)).isEqualTo(new Visit(true, Answer.REFUSES));
      }
    }
  }

  /// Listens with a context that keeps sessions in memory, of which a ticket is only the number.
  /// The JDK reads that property with each context.
  private ServerSocket listenWithSessionCache(String... names) throws IOException {
    String key = "jdk.tls.server.enableSessionTicketExtension";
    System.setProperty(key, "false");
    try {
      return listen(names);
    } finally {
      System.clearProperty(key);
    }
  }

  /// Says a word to everybody whom a listener accepts, until it is closed.
  private static void greetAll(ServerSocket listener) {
    Thread.ofVirtual()
        .start(
            () -> {
              while (!listener.isClosed()) {
                try (Socket accepted = listener.accept()) {
                  accepted.getOutputStream().write('!');
                } catch (IOException _) {
                  // The listener was closed, or a visitor has gone.
                }
              }
            });
  }

  // ---- what is accepted ----

  @Test
  void what_is_accepted_speaks_tls_in_both_directions_and_its_peer_is_known() throws Exception {
    certificates.issue(WEB);
    PeerInfo ann = LinkedStacks.at(UUID.randomUUID(), "ann", 7);
    stacks.tell(ann);
    try (ServerSocket listener = listen(WEB);
        SSLSocket visit = visit(connect(), WEB);
        Socket accepted = listener.accept()) {
      accepted.setSoTimeout(LIMIT_MILLIS);
      visit.getOutputStream().write("asked".getBytes(UTF_8));
      visit.shutdownOutput();
      assertThat(accepted.getInputStream().readAllBytes()).isEqualTo("asked".getBytes(UTF_8));
      accepted.getOutputStream().write("told".getBytes(UTF_8));
      accepted.close();
      assertThat(visit.getInputStream().readAllBytes()).isEqualTo("told".getBytes(UTF_8));
      assertThat(((SSLSocket) accepted).getSession().getProtocol()).isEqualTo("TLSv1.3");
      assertThat(stacks.server.connectionOf(accepted).flatMap(stacks.serverStack::whoIs))
          .contains(ann);
    }
  }

  @Test
  void accepting_has_the_limit_of_the_listener_and_ends_with_it() throws Exception {
    certificates.issue(WEB);
    ServerSocket listener = listen(WEB);
    listener.setSoTimeout(1);
    assertThat(listener.getSoTimeout()).isEqualTo(1);
    assertThatThrownBy(listener::accept).isInstanceOf(SocketTimeoutException.class);
    listener.setSoTimeout(0);
    CompletableFuture<Exception> woken = accepting(listener);
    SSLSocket waiting = visit(connect(), WEB);
    assertThat(woken.get(60, TimeUnit.SECONDS)).isNull();

    CompletableFuture<Exception> closed = accepting(listener);
    Socket inHandshake = connect();
    listener.close();
    assertThat(closed.get(60, TimeUnit.SECONDS)).isInstanceOf(SocketException.class);
    assertEnded(inHandshake);
    assertThatThrownBy(listener::accept).isInstanceOf(SocketException.class);
    assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
    waiting.close();
  }

  /// Accepts on a thread, and is null when that was one.
  private static CompletableFuture<Exception> accepting(ServerSocket listener) {
    CompletableFuture<Exception> result = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (Socket _ = listener.accept()) {
                result.complete(null);
              } catch (IOException e) {
                result.complete(e);
              }
            });
    return result;
  }

  @Test
  void the_end_of_the_stack_ends_the_listener() throws Exception {
    certificates.issue(WEB);
    ServerSocket listener = listen(WEB);
    CompletableFuture<Exception> woken = accepting(listener);
    stacks.close();
    assertThat(woken.get(60, TimeUnit.SECONDS)).isInstanceOf(SocketException.class);
  }

  @Test
  void options_are_those_of_the_listener_on_the_stack() throws Exception {
    certificates.issue(WEB);
    try (ServerSocket listener = listen(WEB)) {
      listener.setReceiveBufferSize(8192);
      assertThat(listener.getReceiveBufferSize()).isEqualTo(8192);
      assertThat(listener.getInetAddress().isAnyLocalAddress()).isTrue();
      assertThat(listener.getLocalPort()).isEqualTo(443);
      assertThat(listener.supportedOptions()).isNotEmpty();
    }
  }

  // ---- visitors who mean no good ----

  @Test
  void who_stalls_in_the_handshake_holds_up_nobody() throws Exception {
    certificates.issue(WEB);
    List<Socket> stalled = new ArrayList<>();
    try (ServerSocket listener = listen(WEB)) {
      listener.setSoTimeout(LIMIT_MILLIS);
      for (int i = 0; i < 32; i++) {
        Socket socket = connect();
        if (i % 2 == 0) {
          socket.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0}); // half a hello
        }
        stalled.add(socket);
      }
      try (SSLSocket visit = visit(connect(), WEB);
          Socket accepted = listener.accept()) {
        accepted.getOutputStream().write('!');
        assertThat(visit.getInputStream().read()).isEqualTo('!');
      }
      for (Socket each : stalled) {
        each.close();
      }
    }
  }

  @Test
  void one_address_has_a_quarter_of_the_place_so_that_the_others_find_some() throws Exception {
    certificates.issue(WEB);
    List<Socket> stalled = new ArrayList<>();
    try (ServerSocket listener = listen(WEB)) {
      for (int i = 0; i < TlsHandshakes.MOST_OF_ONE; i++) {
        stalled.add(connect());
      }
      assertEnded(connect());
      Socket fromElsewhere = stacks.server.dial(LinkedStacks.SERVER.inet(), 443, LIMIT);
      try (SSLSocket _ = visit(fromElsewhere, WEB);
          Socket accepted = listener.accept()) {
        assertThat(accepted.getInetAddress()).isEqualTo(LinkedStacks.SERVER.inet());
      }
      stalled.removeFirst().close();
      await().atMost(LIMIT).until(() -> canVisit(listener));
      for (Socket each : stalled) {
        each.close();
      }
    }
  }

  @Test
  void who_waits_to_be_accepted_takes_nothing_of_the_share_of_an_address() throws Exception {
    certificates.issue(WEB);
    int all = TlsHandshakes.MOST_OF_ONE + 16;
    List<Socket> visits = new ArrayList<>();
    try (ServerSocket listener = listen(WEB)) {
      listener.setSoTimeout(LIMIT_MILLIS);
      for (int i = 0; i < all; i++) {
        visits.add(visit(connect(), WEB));
      }
      for (int i = 0; i < all; i++) {
        try (Socket accepted = listener.accept()) {
          accepted.getOutputStream().write('!');
        }
      }
      for (Socket each : visits) {
        assertThat(each.getInputStream().read()).isEqualTo('!');
        each.close();
      }
    }
  }

  private boolean canVisit(ServerSocket listener) throws IOException {
    try (SSLSocket _ = visit(connect(), WEB)) {
      listener.accept().close();
      return true;
    } catch (SocketException | SSLException _) {
      return false;
    }
  }

  @Test
  void who_takes_longer_than_the_limit_is_closed_also_while_bytes_trickle() throws Exception {
    stacks.close();
    stacks = new LinkedStacks(Duration.ofMillis(300));
    certificates.issue(WEB);
    try (ServerSocket _ = listen(WEB);
        Socket silent = connect();
        Socket trickling = connect()) {
      // A record of 16 KiB, which would take minutes.
      byte[] header = {22, 3, 1, 64, 0};
      AtomicInteger sent = new AtomicInteger();
      await()
          .atMost(LIMIT)
          .pollInterval(Duration.ofMillis(20))
          .until(
              () -> {
                int at = sent.getAndIncrement();
                return isBroken(trickling, at < header.length ? header[at] : 0);
              });
      assertEnded(silent);
    }
  }

  /// Whether one more byte cannot be sent.
  private static boolean isBroken(Socket socket, int next) {
    try {
      socket.getOutputStream().write(next);
      return false;
    } catch (IOException _) {
      return true;
    }
  }

  @Test
  void a_source_that_hangs_in_a_handshake_costs_one_visitor_and_not_the_next() throws Exception {
    stacks.close();
    // Long enough for the good visitor's own handshake on a busy machine.
    stacks = new LinkedStacks(Duration.ofSeconds(8));
    AtomicLong seconds = new AtomicLong();
    CompletableFuture<Void> asked = new CompletableFuture<>();
    CompletableFuture<Void> released = new CompletableFuture<>();
    certificates.issue(WEB);
    CertificateSource hanging =
        name -> {
          if (seconds.get() > 0) {
            asked.complete(null);
            released.join();
          }
          return certificates.certificate(name);
        };
    SSLContext tls =
        NamedKeys.context(hanging, List.of(WEB), () -> TimeUnit.SECONDS.toNanos(seconds.get()));
    try (ServerSocket listener = stacks.server.listenTls(443, tls)) {
      seconds.addAndGet(10);
      CompletableFuture<Exception> unlucky = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  visit(connect(), WEB).close();
                  unlucky.complete(null);
                } catch (IOException e) {
                  unlucky.complete(e);
                }
              });
      asked.get(60, TimeUnit.SECONDS);
      try (SSLSocket _ = visit(connect(), WEB);
          Socket accepted = listener.accept()) {
        assertThat(accepted.isConnected()).isTrue();
      }
      assertThat(unlucky.get(60, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
    } finally {
      released.complete(null);
    }
  }

  @Test
  void garbage_is_closed_and_the_next_visitor_is_served() throws Exception {
    certificates.issue(WEB);
    try (ServerSocket listener = listen(WEB)) {
      for (String garbage :
          List.of("GET / HTTP/1.1\r\nHost: web\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "\0\0\0\0\0\0\0")) {
        Socket visitor = connect();
        visitor.getOutputStream().write(garbage.getBytes(UTF_8));
        assertEnded(visitor);
      }
      Socket endsAtOnce = connect();
      endsAtOnce.shutdownOutput();
      assertEnded(endsAtOnce);
      try (SSLSocket _ = visit(connect(), WEB);
          Socket accepted = listener.accept()) {
        assertThat(accepted.isConnected()).isTrue();
      }
    }
  }

  @Test
  void handshakes_that_failed_leave_nothing_behind_in_the_timer() throws Exception {
    certificates.issue(WEB);
    try (ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
        ServerSocket plain = stacks.server.listen(Optional.empty(), 443);
        TlsHandshakes handshakes =
            new TlsHandshakes(
                NamedKeys.tls(certificates, List.of(WEB)), Duration.ofHours(1), timer)) {
      timer.setRemoveOnCancelPolicy(true);
      timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
      for (int i = 0; i < 100; i++) {
        Socket visitor = connect();
        handshakes.begin(plain.accept());
        visitor.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
        assertEnded(visitor);
      }
      await().atMost(LIMIT).untilAsserted(() -> assertThat(timer.getQueue()).isEmpty());
    }
  }

  /// It ends, whatever was said before, orderly or not.
  private static void assertEnded(Socket socket) throws IOException {
    socket.setSoTimeout(LIMIT_MILLIS);
    try (socket) {
      socket.getInputStream().readAllBytes();
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (SocketException _) {
      // That is an end, too.
    }
  }

  // ---- the port ----

  @Test
  void a_taken_port_is_refused_with_the_owner() throws Exception {
    certificates.issue(WEB);
    try (ServerSocket _ = listen(WEB)) {
      assertThatThrownBy(() -> listen(WEB))
          .isInstanceOf(BindException.class)
          .hasMessageContaining("a listener of this program");
    }
  }
}
