package io.penstock.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.IpAddress;
import io.penstock.node.fixture.OverlayFixture;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import io.penstock.testkit.leak.LeakCheck;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Connections between two whole nodes whose tunnels, over real QUIC in real time, go through a
/// relay that loses, delays and reorders; every byte arrives all the same.
@ExtendWith(LeakCheck.class)
class FaultyPathTest {

  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final int BYTES = 1 << 20;
  private static final int TRANSFERS = 4;

  private OverlayFixture network;
  private Node web;
  private Node db;

  @BeforeEach
  void start() throws Exception {
    network = OverlayFixture.behindRelay(LinkFaults.none(2), 7);
    web = Node.start(network.wholeNode("web").build());
    db = Node.start(network.wholeNode("db").build());
    await().atMost(LIMIT).until(() -> web.addresses().size() == 2 && db.addresses().size() == 2);
  }

  @AfterEach
  void close() {
    web.close();
    db.close();
    network.close();
  }

  private static byte[] bytes(int seed) {
    byte[] bytes = new byte[BYTES];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static long checksum(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }

  /// One connection with 1 MiB in each direction at the same time, and its end in both.
  private record Transfer(CompletableFuture<Long> there, CompletableFuture<Long> back) {}

  private List<Transfer> begin(ServerSocket listener) throws Exception {
    List<Transfer> transfers = new ArrayList<>();
    for (int i = 0; i < TRANSFERS; i++) {
      IpAddress to = db.addresses().get(i % 2);
      Socket dialled = web.dial(to.toString(), listener.getLocalPort(), LIMIT);
      Socket accepted = listener.accept();
      send(dialled, i);
      send(accepted, -1 - i);
      transfers.add(new Transfer(receive(accepted), receive(dialled)));
    }
    return transfers;
  }

  private static void send(Socket socket, int seed) {
    Thread.startVirtualThread(
        () -> {
          try {
            OutputStream out = socket.getOutputStream();
            out.write(bytes(seed));
            socket.shutdownOutput();
          } catch (IOException _) {
            // Who receives says what is missing.
          }
        });
  }

  private static CompletableFuture<Long> receive(Socket socket) {
    CompletableFuture<Long> checksum = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> {
          try {
            checksum.complete(checksum(socket.getInputStream().readAllBytes()));
          } catch (IOException e) {
            checksum.completeExceptionally(e);
          }
        });
    return checksum;
  }

  private static void assertWhole(List<Transfer> transfers) throws Exception {
    for (int i = 0; i < transfers.size(); i++) {
      Transfer transfer = transfers.get(i);
      assertThat(transfer.there().get(LIMIT.toSeconds(), TimeUnit.SECONDS))
          .isEqualTo(checksum(bytes(i)));
      assertThat(transfer.back().get(LIMIT.toSeconds(), TimeUnit.SECONDS))
          .isEqualTo(checksum(bytes(-1 - i)));
    }
  }

  @Test
  void a_path_that_loses_delays_and_reorders_carries_everything() throws Exception {
    FaultyUdpRelay relay = network.relay();
    relay.setFaults(LinkFaults.none(5).withLoss(0.02).withReordering(0.02, 10).withJitter(3));
    try (ServerSocket listener = db.listen(80)) {
      assertWhole(begin(listener));
    }
    assertThat(relay.dropped()).as("it was a path with faults").isPositive();
  }

  @Test
  void connections_live_through_an_outage_in_which_the_link_is_lost() throws Exception {
    FaultyUdpRelay relay = network.relay();
    try (ServerSocket listener = db.listen(80)) {
      relay.setFaults(LinkFaults.none(5).withRate(500_000, 64 * 1024));
      List<Transfer> transfers = begin(listener);
      relay.setFaults(LinkFaults.none(0).withLoss(1));
      assertThat(transfers)
          .as("they are cut in the middle")
          .noneMatch(transfer -> transfer.there().isDone() || transfer.back().isDone());
      await()
          .atMost(LIMIT)
          .until(
              () ->
                  web.status() instanceof NodeStatus.Degraded
                      && db.status() instanceof NodeStatus.Degraded);
      List<IpAddress> before = web.addresses();
      relay.setFaults(LinkFaults.none(2));
      assertWhole(transfers);
      assertThat(web.addresses()).isEqualTo(before);
    }
  }
}
