package io.penstock.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.node.tunnel.TunnelStatus;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What listeners to a node's status are told, also while one of them blocks.
class StatusBoardTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final TunnelStatus LOST = new TunnelStatus.Waiting("lost", Duration.ZERO);

  private final StatusBoard board = new StatusBoard();

  private static TunnelStatus connected(int mtu) {
    return new TunnelStatus.Connected(List.of(), mtu);
  }

  private static NodeStatus running(int mtu) {
    return new NodeStatus.Running(List.of(), mtu);
  }

  @Test
  void a_listener_that_waits_for_the_node_to_run_sees_it_run_and_holds_up_nobody()
      throws Exception {
    CompletableFuture<NodeStatus> waited = new CompletableFuture<>();
    var _ =
        board.onStatus(
            status -> {
              if (status instanceof NodeStatus.Degraded) {
                awaitRunning(waited);
              }
            });
    List<NodeStatus> told = new CopyOnWriteArrayList<>();
    var _ = board.onStatus(told::add);
    board.tunnelChanged(connected(1));
    board.tunnelChanged(LOST);
    await().atMost(LIMIT).until(() -> told.size() == 2);
    assertThat(board.status()).isInstanceOf(NodeStatus.Degraded.class);
    assertThat(waited).isNotDone();

    board.tunnelChanged(connected(2));
    assertThat(waited.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(running(2));
    await().atMost(LIMIT).until(() -> told.size() == 3);
    assertThat(told)
        .containsExactly(
            running(1), new NodeStatus.Degraded("lost", Duration.ZERO, List.of()), running(2));
  }

  @Test
  void who_waits_in_vain_is_told_how_long_and_why() {
    board.tunnelChanged(LOST);
    assertThatThrownBy(() -> board.awaitRunning(Duration.ofMillis(20)))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("the node is not running after 20ms; the last attempt: lost");
    assertThatThrownBy(() -> board.awaitJoined(Duration.ofMillis(20)))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("the node has not joined its network within 20ms; the last attempt: lost");
  }

  private void awaitRunning(CompletableFuture<NodeStatus> running) {
    try {
      running.complete(board.awaitRunning(LIMIT));
    } catch (IOException | InterruptedException e) {
      running.completeExceptionally(e);
    }
  }

  @Test
  void a_listener_that_blocks_for_long_gets_the_newest_in_order() throws Exception {
    CompletableFuture<Void> called = new CompletableFuture<>();
    CompletableFuture<Void> released = new CompletableFuture<>();
    List<NodeStatus> told = new CopyOnWriteArrayList<>();
    var _ =
        board.onStatus(
            status -> {
              called.complete(null);
              released.join();
              told.add(status);
            });
    board.tunnelChanged(connected(1));
    called.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    int last = 3 * StatusListener.MAX_WAITING;
    for (int mtu = 2; mtu <= last; mtu++) {
      board.tunnelChanged(connected(mtu));
    }
    released.complete(null);
    await().atMost(LIMIT).until(() -> told.contains(running(last)));
    assertThat(told).hasSize(1 + StatusListener.MAX_WAITING).startsWith(running(1));
    for (int i = 1; i <= StatusListener.MAX_WAITING; i++) {
      assertThat(told.get(i)).isEqualTo(running(last - StatusListener.MAX_WAITING + i));
    }
  }

  @Test
  void a_listener_that_throws_is_told_the_next_one_too_and_a_closed_one_nothing() throws Exception {
    List<NodeStatus> told = new CopyOnWriteArrayList<>();
    AutoCloseable throwing =
        board.onStatus(
            status -> {
              told.add(status);
              throw new IllegalStateException("a listener of a test");
            });
    board.tunnelChanged(connected(1));
    board.tunnelChanged(connected(2));
    await().atMost(LIMIT).until(() -> told.size() == 2);
    throwing.close();
    throwing.close();
    List<NodeStatus> others = new CopyOnWriteArrayList<>();
    var _ = board.onStatus(others::add);
    board.tunnelChanged(connected(3));
    await().atMost(LIMIT).until(() -> others.contains(running(3)));
    assertThat(told).containsExactly(running(1), running(2));
  }
}
