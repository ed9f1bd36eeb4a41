package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.Scope;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.node.tunnel.TunnelStatus;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands for nodes and leases, as an administrator types them at a gateway with a node.
class OverlayCommandsTest {

  private static final IpAddress ADDRESS = IpAddress.parse("10.86.0.9");
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir Path directory;

  private final NodeIdentity identity = NodeIdentity.ephemeral();
  private final List<TunnelStatus> statuses = new CopyOnWriteArrayList<>();
  private Gateway gateway;
  private PacketTunnel db;
  private CommandRun command;

  @BeforeEach
  void start() throws Exception {
    command = new CommandRun(directory);
    gateway =
        Gateway.start(
            GatewayConfig.builder().data(directory.resolve("data")).onFreePorts().build());
    CreatedToken token =
        gateway
            .storage()
            .createToken(new CreateTokenRequest("ann", Set.of(Scope.OVERLAY), Optional.empty()));
    InetSocketAddress tunnel = gateway.addresses().tunnel();
    db =
        PacketTunnel.start(
            PacketTunnelConfig.builder(new HostPort("127.0.0.1", tunnel.getPort()), identity, "db")
                .trust(new Trust.Pinned(Fingerprint.parse(gateway.fingerprint().orElseThrow())))
                .token(token.token())
                .wanted(List.of(ADDRESS))
                .backoff(Duration.ofMillis(50), Duration.ofMillis(500))
                .build(),
            statuses::add);
    awaitConnections(1);
  }

  @AfterEach
  void stop() {
    db.close();
    gateway.close();
  }

  private void awaitConnections(int count) {
    await("connection " + count)
        .atMost(LIMIT)
        .until(
            () ->
                statuses.stream().filter(TunnelStatus.Waiting.class::isInstance).count()
                        >= count - 1
                    && !db.addresses().isEmpty());
  }

  private int run(String... words) {
    command = new CommandRun(directory);
    String[] all = Arrays.copyOf(words, words.length + 2);
    all[words.length] = "--data";
    all[words.length + 1] = directory.resolve("data").toString();
    return command.run(all);
  }

  private String leases() {
    assertThat(run("lease", "list")).as(command.err()).isZero();
    return command.out();
  }

  @Test
  void aNodeThatIsConnectedIsListedWithItsLease() {
    assertThat(run("node", "list")).as(command.err()).isZero();
    assertThat(command.out().lines())
        .hasSize(2)
        .last()
        .asString()
        .matches("db +ann +yes +\\S+Z +10\\.86\\.0\\.9 +" + identity.id());
    assertThat(run("lease", "list", "--json")).isZero();
    assertThat(command.out())
        .contains("[{\"address\":\"10.86.0.9\"", "\"state\":\"assigned\"", "\"heldUntil\":null");
  }

  @Test
  void anAddressIsReleasedOnceItsNodeIsGone() {
    assertThat(run("lease", "release", "10.86.0.9")).isEqualTo(1);
    assertThat(command.err()).contains("is connected; kick it first");

    db.close();
    await().atMost(LIMIT).until(() -> leases().contains("held"));
    assertThat(run("node", "list")).isZero();
    assertThat(command.out()).containsPattern("db +ann +no");
    assertThat(run("lease", "release", "10.86.0.9")).as(command.err()).isZero();
    assertThat(command.err()).contains("Released 10.86.0.9.");
    assertThat(leases()).doesNotContain("10.86.0.9");
  }

  @Test
  void aKickedNodeComesBackAndOneThatIsGoneCannotBeKicked() {
    assertThat(run("node", "kick", "db")).as(command.err()).isZero();
    assertThat(command.err()).contains("Disconnected db.");
    awaitConnections(2);
    assertThat(statuses).anyMatch(status -> status.toString().contains("kicked"));
    assertThat(db.addresses()).containsExactly(ADDRESS);

    db.close();
    await().atMost(LIMIT).until(() -> run("node", "kick", "db") == 1);
    assertThat(command.err())
        .contains("the node has no tunnel now", "penstock node kick db --forget");
  }

  @Test
  void aForgottenNodeIsGoneWithAllItHad() {
    db.close();

    assertThat(run("node", "kick", "db", "--forget")).as(command.err()).isZero();
    assertThat(command.err()).contains("Forgot db.");
    assertThat(run("node", "list")).isZero();
    assertThat(command.out()).doesNotContain("db");
    assertThat(leases()).doesNotContain("10.86.0.9");
    assertThat(run("node", "kick", "db", "--forget")).isEqualTo(1);
    assertThat(command.err()).contains("there is no node with this id or name");
  }
}
