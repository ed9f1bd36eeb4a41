package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.HostPort;
import io.penstock.api.NodeInfo;
import io.penstock.api.Scope;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.ping.Pinger;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `ping` as a user types it, through a whole gateway, to a node called `db`.
class PingThroughGatewayTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir private Path home;

  private Gateway gateway;
  private NodeIdentity identity;
  private PacketTunnel db;
  private Pinger pinger;

  @BeforeEach
  void start() throws Exception {
    gateway =
        Gateway.start(GatewayConfig.builder().data(home.resolve("gateway")).onFreePorts().build());
    identity = NodeIdentity.open(home.resolve("db"));
    db =
        PacketTunnel.start(
            PacketTunnelConfig.builder(hostPort(gateway.addresses().tunnel()), identity, "db")
                .trust(new Trust.CaFile(ca()))
                .token(token("ann"))
                .build(),
            _ -> {});
    pinger = Pinger.on(db);
    await().atMost(LIMIT).until(() -> db.addresses().size() == 2);
  }

  @AfterEach
  void close() {
    pinger.close();
    db.close();
    identity.close();
    gateway.close();
  }

  @Test
  void a_node_answers_by_its_name_over_both_families() throws Exception {
    for (String family : new String[] {"-4", "-6"}) {
      CommandRun ping = ping(token("ann"));
      assertThat(run(ping, "db.penstock.internal", family, "-c", "2", "-i", "20ms"))
          .as(ping.err())
          .isZero();
      assertThat(ping.out())
          .contains("2 sent, 2 received, 0% lost", "seq=1 ttl=63 time=", "seq=2 ttl=63 time=")
          .contains(db.addresses().get(family.equals("-4") ? 0 : 1).toString());
    }
    assertThat(pinger.answered()).isEqualTo(4);
  }

  @Test
  void the_node_of_the_pings_is_the_same_each_time() throws Exception {
    String token = token("ann");
    assertThat(run(ping(token), "db", "-c", "1")).isZero();
    assertThat(run(ping(token), "db", "-c", "1", "--size", "1200")).isZero();
    try (AdminClient admin = admin()) {
      assertThat(admin.nodes()).hasSize(2);
    }
  }

  @Test
  void a_user_who_may_not_see_the_node_finds_none_by_its_name() throws Exception {
    CommandRun ping = ping(token("eve"));
    assertThat(run(ping, "db", "-c", "1")).isEqualTo(1);
    assertThat(ping.err()).contains("there is no node \"db\"").doesNotContain("bug");
  }

  @Test
  void a_user_who_may_not_talk_to_the_node_is_told_so_and_ends_with_1() throws Exception {
    CommandRun ping = ping(token("eve"));
    String address = db.addresses().getFirst().toString();
    assertThat(run(ping, address, "-c", "1")).isEqualTo(1);
    assertThat(ping.out()).contains("forbidden by the policy", "1 sent, 0 received, 1 errors");
    assertThat(pinger.answered()).isZero();
  }

  @Test
  void the_gateway_itself_answers() throws Exception {
    CommandRun ping = ping(token("ann"));
    assertThat(run(ping, "gateway", "-c", "1", "--json")).as(ping.err()).isZero();
    assertThat(ping.out()).contains("\"result\":\"reply\"", "\"node\":\"gateway\"");
  }

  @Test
  void a_request_that_dies_on_the_way_is_told_by_the_gateway() throws Exception {
    CommandRun ping = ping(token("ann"));
    assertThat(run(ping, "db", "-c", "1", "--ttl", "1")).isEqualTo(1);
    assertThat(ping.out()).contains("too many hops");
  }

  @Test
  void why_a_tunnel_is_lost_is_told_and_that_it_is_back_or_has_ended() throws Exception {
    CreatedToken token = created("ann", Scope.OVERLAY);
    CommandRun ping = ping(token.token());
    CompletableFuture<Integer> exit =
        CompletableFuture.supplyAsync(
            () -> run(ping, "db", "-i", "20ms"), Executors.newVirtualThreadPerTaskExecutor());
    await().atMost(LIMIT).until(() -> ping.out().contains("seq=1 "));
    try (AdminClient admin = admin()) {
      admin.kickNode(
          admin.nodes().stream()
              .map(NodeInfo::name)
              .filter(name -> name.startsWith("ping-"))
              .findFirst()
              .orElseThrow());
      await().atMost(LIMIT).until(() -> ping.err().contains("penstock: the tunnel is back"));
      assertThat(ping.err())
          .containsPattern("the tunnel was lost: .*kicked.*; trying again in [0-9.]+ s");
      assertThat(exit).isNotDone();

      admin.revokeToken(token.id());
    }
    assertThat(exit.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(ping.err())
        .containsPattern("the tunnel was lost: .*token revoked")
        .containsPattern("penstock: the tunnel has ended: .*revoked");
    assertThat(ping.out()).contains("Not sent: there is no tunnel", " not sent");
  }

  @Test
  void a_token_without_the_scope_is_told_what_to_do() throws Exception {
    CommandRun ping = ping(token("ann", Scope.CONNECT));
    assertThat(run(ping, "db", "-c", "1")).isEqualTo(1);
    assertThat(ping.err()).contains("--scope overlay");
  }

  private CommandRun ping(String token) {
    return new CommandRun(home).variable("PENSTOCK_TOKEN", token);
  }

  private int run(CommandRun ping, String... words) {
    String[] where = {
      "--gateway", hostPort(gateway.addresses().tunnel()).toString(), "--ca", ca().toString()
    };
    return ping.run(
        Stream.of(new String[] {"ping"}, words, where)
            .flatMap(Arrays::stream)
            .toArray(String[]::new));
  }

  private String token(String user) throws IOException {
    return token(user, Scope.OVERLAY);
  }

  private String token(String user, Scope scope) throws IOException {
    return created(user, scope).token();
  }

  private CreatedToken created(String user, Scope scope) throws IOException {
    try (AdminClient admin = admin()) {
      return admin.createToken(new CreateTokenRequest(user, Set.of(scope), Optional.empty()));
    }
  }

  private AdminClient admin() throws IOException {
    return AdminClient.plain(
        hostPort(gateway.addresses().admin()), Files.readString(gateway.adminTokenFile()).strip());
  }

  private Path ca() {
    return gateway.caCertificate().orElseThrow();
  }

  private static HostPort hostPort(InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort());
  }
}
