package io.penstock.gateway.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Promise;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.GatewayCertificate;
import io.penstock.gateway.certificate.Identity;
import io.penstock.gateway.ingress.Route;
import io.penstock.gateway.ingress.Upstream;
import io.penstock.gateway.ingress.Upstreams;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.kcp.KcpServerChannel;
import io.penstock.transport.kcp.KcpServerLimits;
import io.penstock.transport.tls.ServerTls;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class TunnelServerTest {

  private static final Logger LOGGER =
      (Logger) LoggerFactory.getLogger("io.penstock.gateway.backend");
  private static final List<String> OWN = List.of("penstock-tun/1");
  private static final List<String> ORIGINAL = List.of();
  private static final String AGENT = "8b6fdc9e-5a3d-4d16-9c43-0d2f0f5f0a11";

  @TempDir Path directory;
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private volatile Executor checks = blocking;
  private final Backends backends = new Backends();
  private final ListAppender<ILoggingEvent> logs = new ListAppender<>();
  private final List<TestAgent> agents = new ArrayList<>();
  private HealthConfig health = HealthConfig.DEFAULT;
  private EventLoopGroup loops;
  private Storage storage;
  private TunnelServer server;
  private Channel listener;
  private CreatedToken token;

  @BeforeEach
  void start() throws Exception {
    loops = NativeSupport.newEventLoops(2, "test");
    storage = SqliteStorage.open(directory.resolve("penstock.db"), Clock.systemUTC());
    token = createToken("ada", Set.of(Scope.CONNECT));
    storage.addRoute(RouteName.parse("app.test"), "ada");
    logs.start();
    LOGGER.setLevel(Level.DEBUG);
    LOGGER.addAppender(logs);
    serve(BackendConfig.DEFAULT);
  }

  @AfterEach
  void stop() throws Exception {
    for (TestAgent agent : agents) {
      agent.close();
    }
    listener.close().sync();
    server.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
    blocking.close();
    storage.close();
    LOGGER.detachAppender(logs);
    LOGGER.setLevel(null);
  }

  @Test
  void an_original_agent_is_admitted_in_silence_and_then_pinged() throws Exception {
    TestAgent agent = agent(ORIGINAL, original(token.token(), "app.test"));

    assertThat(agent.nextRequest()).startsWith("GET /health HTTP/1.1\r\nHost: backend\r\n");
    assertThat(agent.wasAnswered()).isFalse();
    Backend backend = backends.byDomain(RouteName.parse("app.test")).getFirst();
    assertThat(backend.protocol()).isEqualTo("tun2");
    assertThat(backend.transport()).isEqualTo("tcp");
    assertThat(backend.user()).isEqualTo("ada");
    assertThat(backend.host()).isEqualTo("127.0.0.1");
    assertThat(backend.usable()).isTrue();
    assertThat(backends.byUser("ada")).hasSize(1);
    assertThat(backends.byUser("bob")).isEmpty();
    await().until(() -> backends.all().getFirst().latencyMillis().isPresent());
  }

  @Test
  void our_agent_is_told_its_id_and_the_public_addresses() throws Exception {
    TestAgent agent = agent(OWN, own(token.token(), AGENT, 0, "app.test"));

    assertThat(agent.controlText())
        .matches("\\{\"ok\":true,\"backend\":\"[0-9a-f-]{36}\",\"urls\":\\[\"http://app.test\"]}");
    assertThat(backends.all().getFirst().protocol()).isEqualTo("penstock-tun/1");
  }

  @Test
  void our_agent_that_names_no_route_gets_the_only_one_of_its_user() throws Exception {
    TestAgent agent = agent(OWN, own(token.token(), AGENT, 0));

    assertThat(agent.controlText()).contains("http://app.test");

    storage.addRoute(RouteName.parse("second.test"), "ada");
    TestAgent undecided = agent(OWN, own(token.token(), AGENT, 1));

    assertThat(undecided.controlText())
        .contains("\"ok\":false", "\"choose_route\"", "app.test, second.test");
  }

  @Test
  void the_checks_are_made_in_the_order_route_token_scope_owner() throws Exception {
    String weak = createToken("bob", Set.of(Scope.OVERLAY)).token();
    String foreign = createToken("bob", Set.of(Scope.CONNECT)).token();

    assertThat(refusal("nowhere.test", "no-token")).contains("\"no_route\"");
    assertThat(refusal("app.test", "no-token")).contains("\"bad_token\"");
    assertThat(refusal("app.test", weak)).contains("\"missing_scope\"");
    assertThat(refusal("app.test", foreign)).contains("\"not_owner\"");
    assertThat(backends.all()).isEmpty();
    assertThat(server.counters().refused())
        .containsOnlyKeys("no_route", "bad_token", "missing_scope", "not_owner");
  }

  @Test
  void a_refused_agent_of_either_dialect_is_disconnected_and_its_token_is_not_logged()
      throws Exception {
    TestAgent mine = agent(OWN, own("s3cret-one", AGENT, 0, "app.test"));
    TestAgent theirs = agent(ORIGINAL, original("s3cret-two", "app.test"));

    await().until(() -> !mine.isConnected() && !theirs.isConnected());
    assertThat(theirs.wasAnswered()).isFalse();
    assertThat(logs.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anyMatch(line -> line.contains("reason=bad_token"))
        .noneMatch(line -> line.contains("s3cret"));
  }

  @Test
  void an_expired_token_is_refused_and_a_token_that_expires_ends_its_connection() throws Exception {
    Instant soon = Instant.now().plusMillis(1500);
    CreatedToken brief =
        storage.createToken(
            new CreateTokenRequest("ada", Set.of(Scope.CONNECT), Optional.of(soon)));
    TestAgent agent = agent(OWN, own(brief.token(), AGENT, 0, "app.test"));
    assertThat(agent.controlText()).contains("\"ok\":true");

    await().until(() -> !agent.isConnected());

    assertThat(Instant.now()).isAfter(soon.minusMillis(50));
    assertThat(refusal("app.test", brief.token())).contains("\"bad_token\"");
  }

  @Test
  void an_agent_that_says_nothing_or_too_much_is_disconnected() throws Exception {
    restart(new BackendConfigEdit().helloLimit(Duration.ofMillis(300)).helloBytes(1024).apply());
    TestAgent silent = agent(ORIGINAL, "");
    TestAgent endless = agent(OWN, "{\"token\":\"" + "x".repeat(4000));
    TestAgent garbled = agent(OWN, "GET / HTTP/1.1\r\n\r\n");

    assertThat(endless.controlText()).contains("\"bad_greeting\"");
    assertThat(garbled.controlText()).contains("\"bad_greeting\"");
    await().until(() -> !silent.isConnected() && !endless.isConnected() && !garbled.isConnected());
  }

  @Test
  void a_check_that_takes_too_long_is_a_refusal_with_its_reason() throws Exception {
    restart(new BackendConfigEdit().helloLimit(Duration.ofMillis(300)).apply());
    checks = _ -> {};

    TestAgent agent = agent(OWN, own(token.token(), AGENT, 0, "app.test"));

    assertThat(agent.controlText()).contains("\"unavailable\"").contains("storage does not answer");
    await().until(() -> !agent.isConnected());
  }

  @Test
  void a_change_during_the_check_has_a_good_agent_checked_again_and_kept() throws Exception {
    List<Runnable> later = new CopyOnWriteArrayList<>();
    checks =
        first -> {
          server.tokenRevoked("of somebody else");
          checks = later::add;
          blocking.execute(first);
        };
    TestAgent agent = agent(OWN, own(token.token(), AGENT, 0, "app.test"));
    assertThat(agent.controlText()).contains("\"ok\":true");
    await().until(() -> later.size() == 1);

    checks = blocking;
    later.getFirst().run();

    assertThat(backends.size()).isEqualTo(1);
    assertThat(agent.isConnected()).isTrue();
  }

  @Test
  void what_was_revoked_during_the_check_ends_although_it_was_admitted() throws Exception {
    List<Runnable> later = new CopyOnWriteArrayList<>();
    checks =
        first -> {
          server.tokenRevoked("of somebody else");
          checks = later::add;
          blocking.execute(first);
        };
    TestAgent agent = agent(OWN, own(token.token(), AGENT, 0, "app.test"));
    assertThat(agent.controlText()).contains("\"ok\":true");
    await().until(() -> later.size() == 1);

    storage.revokeToken(token.id());
    later.getFirst().run();

    await().until(() -> !agent.isConnected());
    assertThat(backends.size()).isZero();
    await().until(() -> server.counters().ended().containsKey("token_revoked"));
  }

  @Test
  void a_reconnect_takes_over_its_ghost_and_leaves_replicas_alone() throws Exception {
    TestAgent ghost = agent(OWN, own(token.token(), AGENT, 0, "app.test"));
    ghost.controlText();
    TestAgent sibling = agent(OWN, own(token.token(), AGENT, 1, "app.test"));
    sibling.controlText();
    String other = "00000000-0000-4000-8000-000000000001";
    TestAgent replica = agent(OWN, own(token.token(), other, 0, "app.test"));
    replica.controlText();

    TestAgent again = agent(OWN, own(token.token(), AGENT, 0, "app.test"));
    again.controlText();

    await().until(() -> !ghost.isConnected());
    assertThat(sibling.isConnected()).isTrue();
    assertThat(replica.isConnected()).isTrue();
    assertThat(again.isConnected()).isTrue();
    assertThat(backends.byDomain(RouteName.parse("app.test"))).hasSize(3);
  }

  @Test
  void kill_revocation_and_removal_disconnect_what_they_concern() throws Exception {
    storage.addRoute(RouteName.parse("other.test"), "ada");
    CreatedToken second = createToken("ada", Set.of(Scope.CONNECT));
    TestAgent killed = agent(OWN, own(token.token(), AGENT, 0, "app.test"));
    killed.controlText();
    String id = backends.all().getFirst().id();
    TestAgent revoked = agent(OWN, own(token.token(), AGENT, 1, "app.test"));
    revoked.controlText();
    TestAgent removed = agent(OWN, own(second.token(), AGENT, 2, "other.test"));
    removed.controlText();
    TestAgent kept = agent(OWN, own(second.token(), AGENT, 3, "app.test"));
    kept.controlText();

    assertThat(backends.kill("nobody")).isFalse();
    assertThat(backends.kill(id)).isTrue();
    await().until(() -> !killed.isConnected());
    await().until(() -> server.counters().ended().containsKey("killed"));
    assertThat(revoked.isConnected()).isTrue();

    storage.revokeToken(token.id());
    server.tokenRevoked(token.id());
    await().until(() -> !revoked.isConnected());
    assertThat(removed.isConnected()).isTrue();

    storage.removeRoute(RouteName.parse("other.test"));
    server.routesChanged(List.of(Route.parse("app.test", "ada")));
    await().until(() -> !removed.isConnected());
    assertThat(kept.isConnected()).isTrue();
    assertThat(backends.all()).hasSize(1);
  }

  @Test
  void connections_that_say_nothing_push_out_themselves_and_no_good_agent() throws Exception {
    restart(new BackendConfigEdit().maxUnadmitted(8).apply());
    List<Socket> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        silent.add(new Socket(InetAddress.getLoopbackAddress(), port()));
      }
      await().until(() -> server.evicted() >= 192);

      TestAgent good = agent(OWN, own(token.token(), AGENT, 0, "app.test"));

      assertThat(good.controlText()).contains("\"ok\":true");
      assertThat(server.unadmitted()).isBetween(1, 8);
    } finally {
      for (Socket socket : silent) {
        socket.close();
      }
    }
  }

  @Test
  void datagrams_of_forged_addresses_push_out_no_agent_in_its_handshake() throws Exception {
    restart(new BackendConfigEdit().maxUnadmitted(2).apply());
    KcpServerChannel kcp = listenKcp();
    try (Socket inHandshake = new Socket(InetAddress.getLoopbackAddress(), port())) {
      await().until(() -> server.unadmitted() == 1);

      for (int i = 0; i < 20; i++) {
        openConversation(kcp.localAddress());
      }
      await().until(() -> kcp.eventLoop().submit(kcp::unprovenPeers).get() == 20);

      assertThat(server.evicted()).isZero();
      assertThat(server.unadmitted()).isEqualTo(1);
      assertThat(inHandshake.isClosed()).isFalse();
    } finally {
      kcp.close().sync();
    }
  }

  /// A datagram as anybody can write it, with whatever address: the first segment of a
  /// conversation.
  private static void openConversation(SocketAddress to) throws IOException {
    byte[] segment =
        ByteBuffer.allocate(25)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(4, (byte) 81)
            .putInt(20, 1)
            .array();
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.send(new DatagramPacket(segment, segment.length, to));
    }
  }

  @Test
  void over_kcp_an_agent_that_says_nothing_after_its_handshake_is_unadmitted() throws Exception {
    KcpServerChannel kcp = listenKcp();
    try {
      TestAgent silent = TestAgent.connectKcp(loops, kcp.localAddress(), OWN, "");
      agents.add(silent);
      await().until(() -> server.unadmitted() == 1);

      TestAgent good =
          TestAgent.connectKcp(
              loops, kcp.localAddress(), OWN, own(token.token(), AGENT, 0, "app.test"));
      agents.add(good);
      assertThat(good.controlText()).contains("\"ok\":true");
      assertThat(backends.all().getFirst().transport()).isEqualTo("kcp");
      assertThat(server.unadmitted()).isEqualTo(1);
    } finally {
      kcp.close().sync();
    }
  }

  private KcpServerChannel listenKcp() throws IOException {
    return (KcpServerChannel)
        server.listenKcp(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            KcpConfig.defaults(),
            KcpServerLimits.defaults());
  }

  @Test
  void an_agent_that_goes_away_before_its_greeting_is_not_refused_for_it() throws Exception {
    TestAgent agent = agent(OWN, "");
    await().until(() -> server.unadmitted() == 1);
    agent.close();
    await().until(() -> server.unadmitted() == 0);

    assertThat(logs.list).noneMatch(line -> line.getFormattedMessage().contains("bad_greeting"));
  }

  @Test
  void an_agent_that_stops_answering_pings_is_used_no_more_and_used_again_if_it_is_the_only_one()
      throws Exception {
    health =
        new HealthConfig(
            Duration.ofMillis(100),
            Duration.ofMillis(50),
            15,
            Duration.ofMillis(20),
            Duration.ZERO,
            8);
    restart(BackendConfig.DEFAULT);
    TestAgent deaf =
        TestAgent.connect(
            loops, listener.localAddress(), OWN, own(token.token(), AGENT, 0, "app.test"), false);
    agents.add(deaf);
    deaf.controlText();
    Route route = Route.parse("app.test", "ada");

    await().until(() -> !backends.all().getFirst().usable());
    String deafId = backends.all().getFirst().id();
    assertThat(deaf.isConnected()).isTrue();
    assertThat(backends.choose(route)).isInstanceOf(Upstreams.Chosen.class);

    TestAgent good = agent(OWN, own(token.token(), AGENT, 1, "app.test"));
    good.controlText();
    for (int i = 0; i < 50; i++) {
      backends.choose(route);
    }

    assertThat(backends.all())
        .allSatisfy(
            backend ->
                assertThat(backend.inFlight()).isEqualTo(backend.id().equals(deafId) ? 1 : 50));
  }

  @Test
  void requests_go_to_the_less_busy_of_two_connections() throws Exception {
    agent(OWN, own(token.token(), AGENT, 0, "app.test")).controlText();
    agent(OWN, own(token.token(), AGENT, 1, "app.test")).controlText();
    Route route = Route.parse("app.test", "ada");
    for (int i = 0; i < 1000; i++) {
      assertThat(backends.choose(route)).isInstanceOf(Upstreams.Chosen.class);
    }

    assertThat(backends.all()).extracting(Backend::inFlight).containsExactly(500, 500);
    assertThat(backends.choose(Route.parse("nowhere.test", "ada")))
        .isEqualTo(Upstreams.None.NO_AGENT);
  }

  @Test
  void a_draining_agent_keeps_its_requests_and_gets_no_new_ones() throws Exception {
    TestAgent agent = agent(OWN, own(token.token(), AGENT, 0, "app.test"));
    agent.controlText();
    Route route = Route.parse("app.test", "ada");
    Upstream upstream = chosen(route);
    Promise<Channel> opened = loops.next().newPromise();
    upstream.open(new ChannelInboundHandlerAdapter(), opened);
    Channel stream = opened.sync().getNow();

    backends.drain();

    assertThat(backends.choose(route)).isEqualTo(Upstreams.None.NO_AGENT);
    assertThat(stream.isActive()).isTrue();
    upstream.finished();
    assertThat(backends.inFlight()).isZero();
  }

  @Test
  void ids_are_unique_and_streams_fail_by_name_once_the_agent_is_gone() throws Exception {
    Set<String> ids = new HashSet<>();
    TestAgent agent = agent(OWN, own(token.token(), AGENT, 0, "app.test"));
    agent.controlText();
    ids.add(backends.all().getFirst().id());
    Upstream upstream = chosen(Route.parse("app.test", "ada"));
    agent.close();
    await().until(() -> backends.all().isEmpty());

    Promise<Channel> opened = loops.next().newPromise();
    upstream.open(new ChannelInboundHandlerAdapter(), opened);

    assertThat(opened.await().cause()).isInstanceOf(NoSuchBackendException.class);
    agent(OWN, own(token.token(), AGENT, 0, "app.test")).controlText();
    assertThat(ids.add(backends.all().getFirst().id())).isTrue();
  }

  // ---- what the tests stand on ----

  private void serve(BackendConfig config) throws Exception {
    var authority = CertificateAuthority.loadOrCreate(directory, Clock.systemUTC());
    Identity identity =
        GatewayCertificate.loadOrIssue(directory, authority, Optional.empty(), Clock.systemUTC());
    server =
        new TunnelServer(
            config,
            health,
            storage,
            backends,
            new TunnelServer.Surroundings(
                loops,
                ServerTls.context(
                    identity.key(), identity.chain(), List.of("penstock-tun/1", "http/1.1")),
                route -> List.of("http://" + route),
                (_, _) -> {},
                task -> checks.execute(task)));
    listener = server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private void restart(BackendConfig config) throws Exception {
    listener.close().sync();
    serve(config);
  }

  private int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  private Upstream chosen(Route route) {
    return switch (backends.choose(route)) {
      case Upstreams.Chosen(Upstream upstream) -> upstream;
      case Upstreams.None none -> throw new AssertionError(none);
    };
  }

  private TestAgent agent(List<String> protocols, String greeting) throws Exception {
    TestAgent agent = TestAgent.connect(loops, listener.localAddress(), protocols, greeting);
    agents.add(agent);
    return agent;
  }

  private String refusal(String route, String secret) throws Exception {
    return agent(OWN, own(secret, AGENT, 7, route)).controlText();
  }

  private CreatedToken createToken(String user, Set<Scope> scopes) throws Exception {
    return storage.createToken(new CreateTokenRequest(user, scopes, Optional.empty()));
  }

  private static String original(String token, String domain) {
    return "{\"token\":\"%s\",\"domain\":\"%s\"}".formatted(token, domain);
  }

  private static String own(String token, String agent, int connection, String... domains) {
    String names = String.join(",", Arrays.stream(domains).map(d -> '"' + d + '"').toList());
    return "{\"token\":\"%s\",\"domains\":[%s],\"agent\":\"%s\",\"connection\":%d}"
        .formatted(token, names, agent, connection);
  }
}
