package io.penstock.node;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One listener to a node's status, told on a virtual thread of its own, so that one who waits or
/// hangs holds up nobody else.
///
/// The thread ends when there is nothing to tell. All methods may be called from any thread and do
/// not block; what one thread tells is told in that order.
final class StatusListener implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StatusListener.class);

  /// How many statuses wait for a listener; then the oldest is left out. A link that comes and goes
  /// has a few in a minute.
  static final int MAX_WAITING = 64;

  private static final long IDLE_SECONDS = 1;

  private final Consumer<NodeStatus> listener;
  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          0,
          1,
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(MAX_WAITING),
          Thread.ofVirtual().name("penstock-node-status").factory(),
          new ThreadPoolExecutor.DiscardOldestPolicy());

  StatusListener(Consumer<NodeStatus> listener) {
    this.listener = listener;
  }

  void tell(NodeStatus next) {
    thread.execute(() -> call(next));
  }

  private void call(NodeStatus next) {
    try {
      listener.accept(next);
    } catch (RuntimeException e) {
      LOG.warn("a listener to the node's status failed", e);
    }
  }

  /// Tells nothing more; a call that goes on is not interrupted. Repeatable.
  @Override
  public void close() {
    thread.shutdown();
    thread.getQueue().clear();
  }
}
