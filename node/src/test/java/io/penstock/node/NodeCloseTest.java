package io.penstock.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.IpFamily;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.node.fixture.OverlayFixture;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// How long the end of a node may take.
class NodeCloseTest {

  private static final Duration PATIENT = Duration.ofSeconds(60);
  private static final String SECURE =
      """
      {"TCP": {"443": {"HTTPS": true}},
       "Web": {"web.penstock.internal:443": {"Handlers": {"/": {"Text": "hello"}}}}}
      """;

  private final CountDownLatch letGo = new CountDownLatch(1);
  private OverlayFixture network;

  @BeforeEach
  void start() throws Exception {
    network = OverlayFixture.start();
  }

  @AfterEach
  void close() {
    letGo.countDown();
    network.close();
  }

  /// What ignores that it is interrupted.
  private void hang(CountDownLatch began) {
    began.countDown();
    while (letGo.getCount() > 0) {
      try {
        letGo.await();
      } catch (InterruptedException _) {
        // That is the point.
      }
    }
  }

  private static InetAddress address(Node node) {
    return node.addresses().stream()
        .filter(each -> each.family() == IpFamily.IPV4)
        .findFirst()
        .orElseThrow()
        .inet();
  }

  /// Each of the three keeps a part of the node from ending: the serving, the stack, the handlers.
  @Test
  void there_is_one_limit_for_all_that_does_not_end() throws Exception {
    Duration limit = Duration.ofSeconds(4);
    CountDownLatch certifying = new CountDownLatch(1);
    CountDownLatch deciding = new CountDownLatch(1);
    NodeConfig config =
        network
            .wholeNode("web")
            .closeLimit(limit)
            .certificates(
                name -> {
                  hang(certifying);
                  throw new IOException("none for " + name);
                })
            .build();
    Node web = Node.start(config);
    try (Node peer = Node.start(network.wholeNode("peer").build());
        ServerSocket deaf = peer.listen(80)) {
      web.awaitRunning(PATIENT);
      peer.awaitRunning(PATIENT);
      Thread.ofVirtual().start(() -> serve(web));
      web.fallbackTcp(
          (_, _) -> {
            hang(deciding);
            return FlowAnswer.decline();
          });
      Thread.ofVirtual().start(() -> dial(peer, address(web)));
      AtomicLong written = new AtomicLong();
      Socket toDeaf = web.dial(address(peer).getHostAddress(), deaf.getLocalPort());
      Thread.ofVirtual().start(() -> write(toDeaf, written));
      certifying.await();
      deciding.await();
      awaitStill(written);

      long before = System.nanoTime();
      web.close();
      Duration took = Duration.ofNanos(System.nanoTime() - before);
      assertThat(took).isGreaterThanOrEqualTo(limit).isLessThan(limit.multipliedBy(2));
    } finally {
      letGo.countDown();
      web.close();
    }
  }

  private static void serve(Node web) {
    try {
      web.serve().set(ServeConfig.parse(SECURE));
    } catch (ServeException | IOException | RuntimeException _) {
      // It is not served.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void dial(Node peer, InetAddress to) {
    try (Socket _ = peer.dial(to.getHostAddress(), 81)) {
      throw new AssertionError("nobody accepts");
    } catch (IOException _) {
      // It is refused.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void write(Socket socket, AtomicLong written) {
    byte[] piece = new byte[4096];
    try (socket;
        OutputStream out = socket.getOutputStream()) {
      while (true) {
        out.write(piece);
        written.addAndGet(piece.length);
      }
    } catch (IOException _) {
      // The node was closed.
    }
  }

  /// Waits until the peer takes nothing more.
  private static void awaitStill(AtomicLong written) {
    AtomicLong last = new AtomicLong();
    await()
        .atMost(PATIENT)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () -> {
              long now = written.get();
              return now > 0 && last.getAndSet(now) == now;
            });
  }
}
