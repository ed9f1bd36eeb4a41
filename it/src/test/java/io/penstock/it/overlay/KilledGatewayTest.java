package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.NodeStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A gateway process that is killed, as by a crash or for lack of memory, under nodes that are
/// busy.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class KilledGatewayTest {

  private static final int TRANSFERS = 50;
  private static final int PIECES = 64;

  @TempDir private Path home;

  private static Node join(GatewayProcess gateway, String name, String token) throws Exception {
    return OverlayNode.join(
        NodeConfig.builder(gateway.tunnel(), name)
            .trust(gateway.trust())
            .token(token)
            .backoff(Duration.ofMillis(50), Duration.ofMillis(500))
            .build());
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES) // longer than the limits of all its waits
  void fifty_transfers_live_through_a_gateway_that_is_killed_and_started_again() throws Exception {
    CompletableFuture<Void> mayEnd = new CompletableFuture<>();
    try (GatewayProcess gateway = GatewayProcess.start(home, Map.of())) {
      String token = gateway.token();
      try (Node web = join(gateway, "web", token);
          Node db = join(gateway, "db", token)) {
        List<NodeStatus> statuses = new CopyOnWriteArrayList<>();
        web.onStatus(statuses::add);
        List<Transfer> transfers = Transfer.begin(web, db, TRANSFERS, PIECES, mayEnd);
        List<IpAddress> addressesOfWeb = web.addresses();
        List<IpAddress> addressesOfDb = db.addresses();

        gateway.killAndRestart();
        assertThat(transfers).noneMatch(transfer -> transfer.checksum.isDone());
        mayEnd.complete(null);

        Transfer.assertWhole(transfers, PIECES);
        assertThat(web.addresses()).isEqualTo(addressesOfWeb);
        assertThat(db.addresses()).isEqualTo(addressesOfDb);
        assertThat(statuses)
            .as("the link was lost in between")
            .hasAtLeastOneElementOfType(NodeStatus.Degraded.class);
      }
    }
  }
}
