package io.penstock.node;

import io.penstock.api.IpAddress;
import io.penstock.api.config.Durations;
import io.penstock.node.tunnel.TunnelStatus;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The status of a node: a value, events, and something to wait for.
///
/// It is told by the tunnel, on the one virtual thread of its events; each listener is called on
/// one of its own. Closing comes from any thread; listeners hear of it when the tunnel has ended.
final class StatusBoard {

  private static final NodeStatus.Stopped WAS_CLOSED =
      new NodeStatus.Stopped(NodeStatus.CLOSED, "the node was closed");

  private final List<StatusListener> listeners = new CopyOnWriteArrayList<>();

  // Guarded by this.
  private NodeStatus status = new NodeStatus.Starting("");
  private List<IpAddress> addresses = List.of();

  synchronized NodeStatus status() {
    return status;
  }

  AutoCloseable onStatus(Consumer<NodeStatus> listener) {
    StatusListener told = new StatusListener(listener);
    listeners.add(told);
    return () -> {
      listeners.remove(told);
      told.close();
    };
  }

  /// Takes what the tunnel tells.
  void tunnelChanged(TunnelStatus tunnel) {
    NodeStatus next;
    synchronized (this) {
      next = of(tunnel);
      boolean closing = tunnel instanceof TunnelStatus.Closed && next.equals(status);
      if (!closing && (status.isFinal() || next.equals(status))) {
        return;
      }
      if (next instanceof NodeStatus.Running(var now, _)) {
        addresses = now;
      }
      status = next;
      notifyAll();
    }
    listeners.forEach(listener -> listener.tell(next));
  }

  /// The owner has closed the node.
  synchronized void closed() {
    if (!status.isFinal()) {
      status = WAS_CLOSED;
      notifyAll();
    }
  }

  private NodeStatus of(TunnelStatus tunnel) {
    boolean joined = status instanceof NodeStatus.Running || status instanceof NodeStatus.Degraded;
    return switch (tunnel) {
      case TunnelStatus.Connecting _ ->
          switch (status) {
            case NodeStatus.Running _ ->
                new NodeStatus.Degraded("the link was lost", Duration.ZERO, addresses);
            case NodeStatus.Degraded(String why, _, var kept) ->
                new NodeStatus.Degraded(why, Duration.ZERO, kept);
            case NodeStatus.Starting _, NodeStatus.Stopped _ -> status;
          };
      case TunnelStatus.Connected(var now, int mtu) ->
          new NodeStatus.Running(now.stream().sorted().toList(), mtu);
      case TunnelStatus.Waiting(String reason, Duration retryIn) ->
          joined
              ? new NodeStatus.Degraded(reason, retryIn, addresses)
              : new NodeStatus.Starting(reason);
      case TunnelStatus.Stopped(String code, String message) ->
          new NodeStatus.Stopped(code, message);
      case TunnelStatus.Closed _ -> WAS_CLOSED;
    };
  }

  /// @throws NodeStoppedException when the node is over
  synchronized void requireLive() throws NodeStoppedException {
    if (status instanceof NodeStatus.Stopped stopped) {
      throw new NodeStoppedException(stopped);
    }
  }

  /// Blocks until the node has joined, now or before.
  ///
  /// @throws NodeStoppedException when it is over
  /// @throws SocketTimeoutException when the limit is over, with the last failure
  synchronized void awaitJoined(Duration limit) throws IOException, InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    long left = limit.toNanos();
    while (status instanceof NodeStatus.Starting && left > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
      left = until - System.nanoTime();
    }
    switch (status) {
      case NodeStatus.Running _, NodeStatus.Degraded _ -> {
        // As it should be.
      }
      case NodeStatus.Stopped stopped -> throw new NodeStoppedException(stopped);
      case NodeStatus.Starting(String lastFailure) ->
          throw new SocketTimeoutException(
              "the node has not joined its network within %s%s"
                  .formatted(
                      Durations.format(limit),
                      lastFailure.isEmpty() ? "" : "; the last attempt: " + lastFailure));
    }
  }

  /// Blocks until the node is running.
  synchronized NodeStatus.Running awaitRunning(Duration limit)
      throws IOException, InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    long left = limit.toNanos();
    while (!(status instanceof NodeStatus.Running) && !status.isFinal() && left > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
      left = until - System.nanoTime();
    }
    return switch (status) {
      case NodeStatus.Running running -> running;
      case NodeStatus.Stopped stopped -> throw new NodeStoppedException(stopped);
      case NodeStatus.Starting(String why) -> throw late(limit, why);
      case NodeStatus.Degraded(String why, _, _) -> throw late(limit, why);
    };
  }

  private static SocketTimeoutException late(Duration limit, String why) {
    return new SocketTimeoutException(
        "the node is not running after %s%s"
            .formatted(Durations.format(limit), why.isEmpty() ? "" : "; the last attempt: " + why));
  }

  /// Blocks until the node is over.
  synchronized NodeStatus.Stopped awaitStopped() throws InterruptedException {
    while (true) {
      if (status instanceof NodeStatus.Stopped stopped) {
        return stopped;
      }
      wait();
    }
  }
}
