package io.penstock.transport.snaptun;

import static io.penstock.transport.snaptun.Addresses.OTHER_V4;
import static io.penstock.transport.snaptun.Addresses.TAKEN;
import static io.penstock.transport.snaptun.Addresses.V4;
import static io.penstock.transport.snaptun.Addresses.V6;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.protocol.snaptun.ClientTunnelConfig;
import io.penstock.protocol.snaptun.ConnectFault;
import io.penstock.protocol.snaptun.Refusal;
import io.penstock.protocol.snaptun.ResponseFault;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.quic.QuicConfig;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The client against our server over real QUIC, with the original's own cases.
class SnapTunClientTest {

  @SuppressWarnings("NullAway.Init") // each test starts its own
  private Tunnels tunnels;

  @AfterEach
  void close() {
    if (tunnels != null) {
      tunnels.close();
    }
  }

  @Test
  void the_desired_address_is_assigned() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V6);
    var server = tunnels.tunnel();
    assertThat(client.control().addresses()).containsExactly(V6);
    assertThat(client.sender().addresses()).containsExactly(V6);
    assertThat(server.sender().addresses()).containsExactly(V6);
    assertThat(client.control().expiry()).isEqualTo(server.control().expiry());
    assertThat(client.control().stateVersion()).isEqualTo(server.control().stateVersion());
  }

  @Test
  void a_client_without_wishes_is_given_any_address() throws Exception {
    tunnels = Tunnels.start();
    assertThat(tunnels.connected().control().addresses()).hasToString("[1-ff00:0:110,10.0.0.1]");
    assertThat(tunnels.connected().control().addresses()).hasToString("[1-ff00:0:110,10.0.0.2]");
  }

  @Test
  void several_addresses_are_assigned_in_order_and_refusals_told() throws Exception {
    tunnels = Tunnels.limited(limits -> limits.maxAddresses(3));
    var client = tunnels.connected(V6, TAKEN, V4);
    assertThat(client.control().addresses()).containsExactly(V6, V4);
    assertThat(client.control().refused()).containsExactly(new Refusal(1, "taken"));
    assertThat(tunnels.tunnel().control().addresses()).containsExactly(V6, V4);
  }

  @Test
  void a_refused_token_is_told_with_its_status() throws Exception {
    tunnels = Tunnels.start();
    assertThat(tunnels.connect(tunnels.clientConfig(), () -> Tokens.STRANGE, V4))
        .isEqualTo(
            new ConnectResult.Refused(
                new TunnelEnd.ConnectFailed(
                    new ConnectFault.Renewal(new ResponseFault.Status(401, List.of())))));
    assertThat(tunnels.accepted()).isInstanceOf(AcceptResult.Refused.class);
  }

  @Test
  void a_refused_address_is_told_with_its_status_and_the_reason() throws Exception {
    tunnels = Tunnels.start();
    List<Refusal> why = List.of(new Refusal(0, "taken"));
    assertThat(tunnels.connect(tunnels.clientConfig(), () -> "node:3600", TAKEN))
        .isEqualTo(
            new ConnectResult.Refused(
                new TunnelEnd.ConnectFailed(
                    new ConnectFault.Assignment(new ResponseFault.Status(400, why)))));
  }

  @Test
  void a_supplier_that_fails_is_told() throws Exception {
    tunnels = Tunnels.start();
    TokenSupplier broken =
        () -> {
          throw new IOException("the gateway does not answer");
        };
    assertThat(tunnels.connect(tunnels.clientConfig(), broken, V4))
        .isEqualTo(
            new ConnectResult.Refused(
                new TunnelEnd.ConnectFailed(
                    new ConnectFault.NoToken("the gateway does not answer"))));
  }

  @Test
  void a_supplier_that_blocks_ends_the_attempt_in_time() throws Exception {
    tunnels = Tunnels.start();
    var config =
        tunnels
            .clientConfig()
            .withTunnel(
                ClientTunnelConfig.builder().connectTimeout(Duration.ofMillis(300)).build());
    TokenSupplier blocked =
        () -> {
          tunnels.tokens.unstick.await();
          return "node:3600";
        };
    assertThat(tunnels.connect(config, blocked, V4))
        .isEqualTo(
            new ConnectResult.Refused(new TunnelEnd.ConnectFailed(ConnectFault.Timeout.TIMEOUT)));
  }

  @Test
  void a_supplier_is_asked_once_at_a_time_and_interrupted_when_nobody_waits_any_more()
      throws Exception {
    tunnels = Tunnels.start();
    var hasty =
        tunnels
            .clientConfig()
            .withTunnel(ClientTunnelConfig.builder().tokenTimeout(Duration.ofMillis(500)).build());
    AtomicInteger calls = new AtomicInteger();
    AtomicInteger interrupted = new AtomicInteger();
    AtomicInteger atOnce = new AtomicInteger();
    AtomicInteger mostAtOnce = new AtomicInteger();
    TokenSupplier supplier =
        () -> {
          mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
          try {
            if (calls.incrementAndGet() > 1) {
              tunnels.tokens.unstick.await();
            }
            return "node:3600";
          } catch (InterruptedException e) {
            interrupted.incrementAndGet();
            throw e;
          } finally {
            atOnce.decrementAndGet();
          }
        };
    var client = (ConnectResult.Connected) tunnels.connect(hasty, supplier, V4);
    for (int i = 1; i <= 3; i++) {
      assertThat(Tunnels.get(client.control().renew()))
          .isEqualTo(
              new CommandResult.Failed(
                  new ConnectFault.NoToken("the supplier did not answer in time")));
    }
    var last = client.control().renew();
    await().until(() -> calls.get() == 5);
    assertThat(interrupted).hasValue(3);
    client.control().close(0, "");
    await().until(() -> interrupted.get() == 4);
    assertThat(Tunnels.get(last)).isInstanceOf(CommandResult.Failed.class);
    assertThat(mostAtOnce).hasValue(1);
  }

  @Test
  void a_session_is_renewed_on_command() throws Exception {
    tunnels = Tunnels.start();
    AtomicInteger tokens = new AtomicInteger();
    var client =
        (ConnectResult.Connected)
            tunnels.connect(
                tunnels.clientConfig(), () -> "node:" + 3600 * tokens.incrementAndGet(), V4);
    var server = tunnels.tunnel();
    AtomicInteger renewed = new AtomicInteger();
    server.control().onRenewed(renewed::incrementAndGet);
    Instant before = client.control().expiry();
    assertThat(Tunnels.get(client.control().renew())).isEqualTo(CommandResult.Done.DONE);
    assertThat(client.control().expiry()).isAfter(before.plusSeconds(3500));
    assertThat(server.control().expiry()).isEqualTo(client.control().expiry());
    assertThat(Tunnels.get(client.control().assign(List.of(OTHER_V4))))
        .isEqualTo(CommandResult.Done.DONE);
    assertThat(renewed).hasValue(1);
  }

  @Test
  void a_renewal_for_another_session_is_refused_with_401() throws Exception {
    tunnels = Tunnels.start();
    AtomicInteger tokens = new AtomicInteger();
    var client =
        (ConnectResult.Connected)
            tunnels.connect(
                tunnels.clientConfig(), () -> "node" + tokens.incrementAndGet() + ":3600", V4);
    AtomicInteger renewed = new AtomicInteger();
    tunnels.tunnel().control().onRenewed(renewed::incrementAndGet);
    assertThat(Tunnels.get(client.control().renew()))
        .isEqualTo(new CommandResult.Failed(new ResponseFault.Status(401, List.of())));
    assertThat(renewed).hasValue(0);
  }

  @Test
  void a_short_session_is_renewed_by_itself_and_not_in_a_loop() throws Exception {
    tunnels = Tunnels.start();
    AtomicInteger tokens = new AtomicInteger();
    long start = System.nanoTime();
    var client =
        (ConnectResult.Connected)
            tunnels.connect(
                tunnels.clientConfig(),
                () -> {
                  tokens.incrementAndGet();
                  return "node:3";
                },
                V4);
    var server = tunnels.tunnel();
    Instant beyondTwoSessions = Instant.now().plusSeconds(7);
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> client.control().expiry().isAfter(beyondTwoSessions));
    assertThat(server.control().closed().toCompletableFuture()).isNotDone();
    long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();
    assertThat((long) tokens.get()).isBetween(3L, seconds + 3);
  }

  @Test
  void a_session_that_is_not_renewed_ends_with_code_4_and_the_client_is_told() throws Exception {
    tunnels = Tunnels.start();
    var config =
        tunnels
            .clientConfig()
            .withTunnel(ClientTunnelConfig.builder().withoutAutoRenewal().build());
    var client = (ConnectResult.Connected) tunnels.connect(config, () -> "node:1", V4);
    assertThat(Tunnels.get(client.control().closed()))
        .isEqualTo(new TunnelEnd.PeerClosed(4, "session expired"));
  }

  @Test
  void a_tunnel_that_can_no_longer_be_renewed_lasts_as_long_as_its_session() throws Exception {
    tunnels = Tunnels.start();
    AtomicInteger tokens = new AtomicInteger();
    var client =
        (ConnectResult.Connected)
            tunnels.connect(
                tunnels.clientConfig(),
                () -> {
                  if (tokens.incrementAndGet() > 1) {
                    throw new IOException("offline");
                  }
                  return "node:2";
                },
                V4);
    Instant expiry = client.control().expiry();
    assertThat(Tunnels.get(client.control().closed()))
        .isEqualTo(new TunnelEnd.PeerClosed(4, "session expired"));
    assertThat(Instant.now()).isAfterOrEqualTo(expiry);
    assertThat(tokens).hasValueGreaterThan(2);
  }

  @Test
  void an_idle_tunnel_is_kept_alive_where_another_would_be_lost() throws Exception {
    tunnels = Tunnels.start();
    QuicConfig hasty = QuicConfig.builder().idleTimeout(Duration.ofMillis(900)).build();
    var alive = new SnapTunClient(SnapTunClientConfig.of(hasty), tunnels.blocking());
    var dying =
        new SnapTunClient(
            SnapTunClientConfig.of(hasty)
                .withTunnel(ClientTunnelConfig.builder().idleTimeout(Duration.ZERO).build()),
            tunnels.blocking());
    var kept = connect(alive, hasty);
    var lost = connect(dying, hasty);
    assertThat(Tunnels.get(lost.control().closed()))
        .isEqualTo(new TunnelEnd.ConnectionLost("idle timeout"));
    var again = connect(dying, hasty);
    assertThat(Tunnels.get(again.control().closed()))
        .isEqualTo(new TunnelEnd.ConnectionLost("idle timeout"));
    assertThat(kept.control().closed().toCompletableFuture()).isNotDone();
  }

  @Test
  void a_tunnel_is_kept_alive_for_a_server_that_forgets_sooner_than_the_client() throws Exception {
    tunnels = Tunnels.over(QuicConfig.builder().idleTimeout(Duration.ofMillis(1_500)).build());
    QuicConfig patient = QuicConfig.defaults();
    assertThat(patient.idleTimeout()).isGreaterThan(Duration.ofSeconds(10));
    SnapTunClientConfig own = SnapTunClientConfig.of(patient);
    var kept = connect(new SnapTunClient(own, tunnels.blocking()), patient);
    var unkept =
        new SnapTunClient(
            own.withTunnel(ClientTunnelConfig.builder().idleTimeout(Duration.ZERO).build()),
            tunnels.blocking());
    for (int i = 0; i < 2; i++) {
      assertThat(Tunnels.get(connect(unkept, patient).control().closed()))
          .isEqualTo(new TunnelEnd.ConnectionLost("idle timeout"));
    }
    assertThat(kept.control().closed().toCompletableFuture()).isNotDone();
  }

  @Test
  void a_tunnel_is_kept_alive_while_its_supplier_looks_for_a_token() throws Exception {
    tunnels = Tunnels.over(QuicConfig.builder().idleTimeout(Duration.ofMillis(1_500)).build());
    AtomicInteger tokens = new AtomicInteger();
    var client =
        (ConnectResult.Connected)
            tunnels.connect(
                tunnels.clientConfig(),
                () -> {
                  if (tokens.incrementAndGet() > 1) {
                    tunnels.tokens.unstick.await();
                  }
                  return "node:3600";
                },
                V4);
    var renewal = client.control().renew().toCompletableFuture();
    await().until(() -> tokens.get() == 2);
    long start = System.nanoTime();
    var unkept =
        new SnapTunClient(
            tunnels
                .clientConfig()
                .withTunnel(ClientTunnelConfig.builder().idleTimeout(Duration.ZERO).build()),
            tunnels.blocking());
    for (int i = 0; i < 2; i++) {
      Tunnels.get(connect(unkept, tunnels.quic).control().closed());
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(2));
    assertThat(renewal).isNotDone();
    tunnels.tokens.unstick.countDown();
    assertThat(Tunnels.get(renewal)).isEqualTo(CommandResult.Done.DONE);
  }

  @Test
  void a_client_that_closes_ends_the_tunnel_at_the_server() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V4);
    var server = tunnels.tunnel();
    client.control().close(0, "done");
    assertThat(Tunnels.get(client.control().closed()))
        .isEqualTo(new TunnelEnd.ClosedHere(0, "done"));
    assertThat(Tunnels.get(server.control().closed()))
        .isEqualTo(new TunnelEnd.PeerClosed(0, "done"));
    assertThat(Tunnels.get(client.control().renew()))
        .isEqualTo(new CommandResult.Failed(new TunnelEnd.ClosedHere(0, "done")));
    await().until(() -> tunnels.addresses.held().size() == 1);
  }

  @Test
  void a_newly_assigned_address_is_told_to_both_ends() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V4);
    var server = tunnels.tunnel();
    List<Object> told = new java.util.concurrent.CopyOnWriteArrayList<>();
    server.control().onAssigned(told::add);
    client.control().onAssigned(told::add);
    assertThat(Tunnels.get(client.control().assign(List.of(OTHER_V4))))
        .isEqualTo(CommandResult.Done.DONE);
    await().until(() -> told.size() == 2);
    assertThat(told).containsOnly(List.of(OTHER_V4));
    assertThat(tunnels.addresses.held()).containsExactly(new Addresses.Id("node", V4));
    assertThat(Tunnels.get(client.control().assign(List.of(TAKEN))))
        .isEqualTo(
            new CommandResult.Failed(
                new ResponseFault.Status(400, List.of(new Refusal(0, "taken")))));
    assertThat(server.control().addresses()).containsExactly(OTHER_V4);
  }

  @Test
  void a_connection_becomes_one_tunnel_only() throws Exception {
    tunnels = Tunnels.start();
    var connection = tunnels.connection();
    var client = new SnapTunClient(tunnels.clientConfig(), tunnels.blocking());
    Tunnels.get(client.connect(connection, () -> "node:3600", List.of()));
    assertThatThrownBy(() -> Tunnels.get(client.connect(connection, () -> "node:3600", List.of())))
        .hasRootCauseMessage("the connection has a tunnel already");
  }

  private ConnectResult.Connected connect(SnapTunClient client, QuicConfig quic) throws Exception {
    return (ConnectResult.Connected)
        Tunnels.get(
            client.connect(
                tunnels.connection(quic, SnapTunHandlers.client()),
                () -> "node:3600",
                List.of(V4)));
  }
}
