package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.Scope;
import io.penstock.api.client.AdminClient;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.NodeStatus;
import io.penstock.node.overlay.PortRequest;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A gateway in a process of its own that is killed without a word, and started again by its user.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class GatewayKilledTest {

  private static final int TRANSFERS = 50;
  private static final int PIECES = 64;

  @TempDir private Path home;

  private Path data;
  private int tunnel;
  private int quic;
  private int admin;

  @BeforeEach
  void choosePorts() throws IOException {
    data = home.resolve("gateway");
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (ServerSocket one = new ServerSocket(0, 1, loopback);
        ServerSocket two = new ServerSocket(0, 1, loopback);
        DatagramSocket three = new DatagramSocket(new InetSocketAddress(loopback, 0))) {
      tunnel = one.getLocalPort();
      admin = two.getLocalPort();
      quic = three.getLocalPort();
    }
  }

  private CommandProcess startGateway() throws IOException {
    CommandProcess gateway =
        CommandProcess.start(
            home,
            Map.of(),
            "gateway",
            "--data",
            data.toString(),
            "--tunnel",
            "127.0.0.1:" + tunnel,
            "--overlay",
            "127.0.0.1:" + quic,
            "--admin",
            "127.0.0.1:" + admin,
            "--ingress-http",
            "127.0.0.1:0",
            "--ingress-https",
            "127.0.0.1:0");
    gateway.awaitOut("is ready");
    return gateway;
  }

  private String token() throws IOException {
    try (AdminClient client =
        AdminClient.plain(
            new HostPort("127.0.0.1", admin),
            Files.readString(data.resolve("admin-token")).strip())) {
      return client
          .createToken(new CreateTokenRequest("ann", Set.of(Scope.OVERLAY), Optional.empty()))
          .token();
    }
  }

  private Node join(String name, String token) throws IOException {
    return OverlayNode.join(
        NodeConfig.builder("127.0.0.1:" + tunnel, name)
            .trust(new Trust.CaFile(data.resolve("ca.crt")))
            .token(token)
            .backoff(Duration.ofMillis(50), Duration.ofMillis(500))
            .build());
  }

  @Test
  void fifty_transfers_live_through_a_killed_gateway() throws Exception {
    CompletableFuture<Void> mayEnd = new CompletableFuture<>();
    CommandProcess killed = startGateway();
    String token = token();
    try (Node web = join("web", token);
        Node db = join("db", token)) {
      List<NodeStatus> statuses = new CopyOnWriteArrayList<>();
      web.onStatus(statuses::add);
      int port =
          db.ports()
              .listen(PortRequest.everywhere(0, "files"), Transfer.server(PIECES, mayEnd))
              .toCompletableFuture()
              .join()
              .localAddress()
              .getPort();
      List<Transfer> transfers = new ArrayList<>();
      for (int i = 0; i < TRANSFERS; i++) {
        Transfer transfer = new Transfer();
        transfers.add(transfer);
        IpFamily family = i % 2 == 0 ? IpFamily.IPV4 : IpFamily.IPV6;
        OverlayNode.connect(web, OverlayNode.address(db, family), port, transfer);
      }
      await().atMost(OverlayNode.LIMIT).until(() -> transfers.getLast().bytes() > 0);
      List<IpAddress> before = web.addresses();

      killed.close();
      killed.awaitEnd();
      try (CommandProcess again = startGateway()) {
        mayEnd.complete(null);
        long right = Transfer.checksumOf(PIECES);
        for (Transfer transfer : transfers) {
          assertThat(transfer.checksum.get(120, TimeUnit.SECONDS)).isEqualTo(right);
        }
        assertThat(web.addresses()).isEqualTo(before);
        assertThat(statuses)
            .as("the link was lost in between")
            .hasAtLeastOneElementOfType(NodeStatus.Degraded.class);
        assertThat(again.process().isAlive()).isTrue();
      }
    } finally {
      killed.close();
    }
  }
}
