package io.penstock.node.vpn;

import io.netty.channel.ChannelHandler;
import io.penstock.node.DeviceNode;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.NodeStatus;
import io.penstock.node.OverlayMember;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopResponse;
import io.penstock.transport.codervpn.TunnelConnection;
import io.penstock.transport.codervpn.TunnelHandler;
import io.penstock.transport.tun.TunDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The tunnel role of codervpn: a node that a manager starts, stops and watches over a stream.
///
/// ```
///   Idle ──start──► Starting ──joined, settings agreed──► Running ──stop, or the stream ends──► Stopped
///     ▲                │ refused, failed, cancelled          │ the node is over, and start
///     └────────────────┘                ◄────────────────────┘
/// ```
///
/// Its [#handler] goes last into the pipeline of a channel to the manager, before that is
/// connected. The connection calls the methods of [TunnelHandler], one at a time; [#close] may come
/// from any thread. When the stream ends, for whatever reason, the node ends too: a tunnel without
/// its manager would move packets that nobody can stop.
public final class VpnTunnel implements TunnelHandler, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(VpnTunnel.class);

  /// A start that was interrupted has to close its node, which takes some times the node's own
  /// limit at most.
  private static final Duration CANCEL_LIMIT = Duration.ofSeconds(30);

  private sealed interface State {

    /// Nothing was started, or it failed.
    record Idle() implements State {}

    /// A start is being handled.
    ///
    /// @param worker its thread
    record Starting(Thread worker) implements State {}

    /// The manager has its node.
    record Running(StartOrder order, OverlayMember node, SettingsFeed settings, PeerFeed peers)
        implements State {}

    /// It is over; nothing starts any more.
    record Stopped() implements State {}
  }

  private final VpnTunnelConfig config;
  private final TunnelConnection connection;
  private final LogForward logs;
  private final CompletableFuture<SpeakerEnd> ended = new CompletableFuture<>();

  /// Held by whoever ends the node, so that a second one waits for it.
  private final ReentrantLock ending = new ReentrantLock();

  // Guarded by this.
  private State state = new State.Idle();

  /// Makes a tunnel whose channel is not connected yet.
  public VpnTunnel(VpnTunnelConfig config) {
    this.config = config;
    connection = new TunnelConnection(config.speaker(), this);
    logs = new LogForward(connection, config.maxLogBytes());
    connection.opened().thenRun(logs::begin);
    connection
        .closed()
        .thenAccept(end -> Thread.ofVirtual().name("vpn-end").start(() -> streamEnded(end)));
  }

  /// What runs the stream over the channel that it is added to, once.
  public ChannelHandler handler() {
    return connection.handler();
  }

  /// Takes log records for the manager; see [LogForwardAppender].
  public LogForward logs() {
    return logs;
  }

  /// Completes when the stream is over and the node has ended with it, and says why.
  public CompletionStage<SpeakerEnd> ended() {
    return ended.minimalCompletionStage();
  }

  private void streamEnded(SpeakerEnd end) {
    LOG.debug("the stream to the manager is over cause=\"{}\"", end.logText());
    logs.end();
    end();
    ended.complete(end);
  }

  // ---- what the manager asks ----

  /// Starts a node, waits until it has joined, and has the manager change the network settings. A
  /// node that runs by the same words is left as it is.
  @Override
  public StartResponse start(StartRequest request) throws InterruptedException {
    StartOrder order;
    NodeConfig node;
    try {
      order = StartOrder.of(request);
      node = order.node(config);
    } catch (IllegalArgumentException e) {
      return refusal(String.valueOf(e.getMessage()));
    }
    return switch (begin()) {
      case State.Starting _ -> run(order, node);
      case State.Running running -> again(running, order);
      case State.Stopped _ ->
          refusal("the tunnel was stopped and starts no more; start another tunnel process");
      case State.Idle _ -> throw new AssertionError("a start has begun");
    };
  }

  /// Begins a start if one may begin now; the state of things after that.
  private State begin() {
    State before;
    State starting = new State.Starting(Thread.currentThread());
    synchronized (this) {
      before = state;
      boolean over = before instanceof State.Running running && running.node.status().isFinal();
      if (!over && !(before instanceof State.Idle)) {
        return before;
      }
      state = starting;
    }
    // A node that was over by itself, when the manager tries once more.
    end(before);
    return starting;
  }

  private static StartResponse again(State.Running running, StartOrder order) {
    if (running.order.equals(order)) {
      LOG.warn("the manager starts a tunnel that runs already");
      return StartResponse.newBuilder().setSuccess(true).build();
    }
    return refusal(
        "the tunnel runs already, with %s; stop it first".formatted(running.order.url()));
  }

  private StartResponse run(StartOrder order, NodeConfig nodeConfig) throws InterruptedException {
    try {
      OverlayMember node = open(order, nodeConfig);
      try {
        node.awaitRunning(nodeConfig.startLimit());
        SettingsFeed settings = new SettingsFeed(node, connection, config.settingsLimit());
        settings.ask();
        if (adopted(order, node, settings)) {
          return StartResponse.newBuilder().setSuccess(true).build();
        }
        throw new InterruptedException("the tunnel was closed");
      } finally {
        if (!isOurs(node)) {
          node.close();
        }
      }
    } catch (RefusedException e) {
      return refusal(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return refusal("failed to start connection: " + e.getMessage());
    } finally {
      failedUnlessAdopted();
    }
  }

  private OverlayMember open(StartOrder order, NodeConfig nodeConfig)
      throws IOException, InterruptedException {
    Optional<TunDevice> device;
    try {
      device = config.devices().open(order.device());
    } catch (IOException e) {
      throw new RefusedException(
          "failed to create networking stack dependencies: " + e.getMessage());
    }
    return device.isPresent() ? DeviceNode.start(nodeConfig, device.get()) : Node.start(nodeConfig);
  }

  private synchronized boolean adopted(
      StartOrder order, OverlayMember node, SettingsFeed settings) {
    if (!(state instanceof State.Starting)) {
      return false;
    }
    var _ = node.onStatus(VpnTunnel::note);
    settings.follow();
    PeerFeed peers = PeerFeed.start(node, connection, config.statusInterval());
    state = new State.Running(order, node, settings, peers);
    return true;
  }

  private static void note(NodeStatus status) {
    if (status instanceof NodeStatus.Stopped(String code, String message)
        && !code.equals(NodeStatus.CLOSED)) {
      LOG.error("the node has stopped code={} cause=\"{}\"", code, message);
    }
  }

  @SuppressWarnings("ReferenceEquality") // a node is equal to itself alone
  private synchronized boolean isOurs(OverlayMember node) {
    return state instanceof State.Running running && running.node == node;
  }

  private synchronized void failedUnlessAdopted() {
    if (state instanceof State.Starting) {
      state = new State.Idle();
    }
  }

  private static StartResponse refusal(String why) {
    return StartResponse.newBuilder().setErrorMessage(why).build();
  }

  /// Ends the node, if there is one.
  @Override
  public StopResponse stop() {
    end();
    return StopResponse.newBuilder().setSuccess(true).build();
  }

  @Override
  public PeerUpdate peers() {
    State.Running running;
    synchronized (this) {
      if (!(state instanceof State.Running now)) {
        return PeerUpdate.getDefaultInstance();
      }
      running = now;
    }
    return running.peers.all();
  }

  @Override
  public void wake() {
    State.Running running;
    synchronized (this) {
      if (!(state instanceof State.Running now)) {
        return;
      }
      running = now;
    }
    running.node.retryNow();
  }

  // ---- the end ----

  /// Ends the node and the stream, also during a start. Repeatable; blocks until the node has
  /// ended.
  @Override
  public void close() {
    end();
    connection.close();
  }

  private void end() {
    ending.lock();
    try {
      State before;
      synchronized (this) {
        before = state;
        state = new State.Stopped();
        if (before instanceof State.Starting(Thread worker)) {
          // Under the lock, so that it is the start that is interrupted and nothing after it.
          worker.interrupt();
        }
      }
      end(before);
    } finally {
      ending.unlock();
    }
  }

  private static void end(State before) {
    switch (before) {
      case State.Running(_, OverlayMember node, SettingsFeed settings, PeerFeed peers) -> {
        peers.close();
        settings.close();
        node.close();
      }
      case State.Starting(Thread worker) -> await(worker);
      case State.Idle _, State.Stopped _ -> {
        // Nothing runs.
      }
    }
  }

  private static void await(Thread worker) {
    try {
      if (!worker.join(CANCEL_LIMIT)) {
        LOG.warn("a cancelled start does not end");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
