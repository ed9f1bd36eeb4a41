package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.node.Node;
import io.penstock.node.NodeStoppedException;
import io.penstock.node.fallback.FallbackTcp;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.node.proxy.ProxyConfig;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a node is asked for that is over, and calls that are given up.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
@Timeout(120)
class ClosedNodeTest {

  @TempDir private Path data;

  private TestOverlay overlay;
  private CreatedToken ann;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(data);
    ann = overlay.token("ann");
  }

  @AfterEach
  void close() {
    overlay.close();
  }

  @Test
  void a_node_that_was_closed_says_so_whatever_it_is_asked_for() throws Exception {
    Node node = OverlayNode.join(overlay, "web", ann);
    IpAddress any = IpAddress.parse("0.0.0.0");
    node.close();
    assertStopped(() -> node.listen(80));
    assertStopped(() -> node.listen(any, 80));
    assertStopped(() -> node.listenUdp(53));
    assertStopped(() -> node.listenUdp(any, 53));
    assertStopped(() -> node.listenTls(443));
    assertStopped(() -> node.dial("db", 80));
    assertStopped(() -> node.dialUdp("db", 53));
    assertStopped(node::serve);
    assertStopped(() -> node.loopbackProxy(ProxyConfig.random()));
    assertStopped(node::localApi);
    assertStopped(() -> node.capturePcap(data.resolve("all.pcap")));
    FallbackTcp nobody = (_, _) -> FlowAnswer.decline();
    assertThatIllegalStateException()
        .isThrownBy(() -> node.fallbackTcp(nobody))
        .withMessage("the node was closed");
    assertThatThrownBy(() -> node.serverSocketFactory().createServerSocket(80))
        .isInstanceOf(SocketException.class)
        .hasMessage("Network is down");
  }

  private static void assertStopped(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(NodeStoppedException.class)
        .hasMessage("the node was closed");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_dial_ends_at_once_when_its_thread_is_interrupted(boolean virtual) throws Exception {
    try (Node node = OverlayNode.join(overlay, "web", ann)) {
      CompletableFuture<Throwable> end = new CompletableFuture<>();
      Runnable dial =
          () -> {
            try {
              node.dial(unanswered(node), 80, Duration.ofMinutes(1)).close();
              end.complete(new AssertionError("somebody has answered"));
            } catch (Exception e) {
              end.complete(e);
            }
          };
      Thread thread = virtual ? Thread.ofVirtual().start(dial) : Thread.ofPlatform().start(dial);
      await()
          .atMost(OverlayNode.LIMIT)
          .until(() -> thread.getState() == Thread.State.WAITING || end.isDone());
      thread.interrupt();
      assertThat(end.get(OverlayNode.LIMIT.toSeconds(), TimeUnit.SECONDS))
          .isInstanceOf(InterruptedException.class);
    }
  }

  /// An address of the network that nobody has.
  private static String unanswered(Node node) {
    String own = node.addresses().getFirst().toString();
    String network = own.substring(0, own.lastIndexOf('.') + 1);
    return network + (own.endsWith(".250") ? "251" : "250");
  }
}
