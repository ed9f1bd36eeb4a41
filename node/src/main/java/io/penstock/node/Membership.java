package io.penstock.node;

import io.penstock.api.IpAddress;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.peer.PeerBook;
import io.penstock.node.peer.PeerFollower;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.transport.EngineLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// What makes a node a member of its network, whatever becomes of its packets: who it is, its
/// tunnel, how it is doing, and whom it knows.
///
/// ```
///   identity ─► tunnel ─► status, peers
/// ```
///
/// Whoever makes one ends it in two steps: [#leave], when nothing sends packets any more, and
/// [#close], when nothing of the node runs.
final class Membership implements AutoCloseable {

  /// A third of what the gateway may be silent.
  private static final Duration SILENCE_CHECK = PeerFollower.SILENCE_LIMIT.dividedBy(3);

  private final NodeIdentity identity;
  private final Duration closeLimit;
  private final StatusBoard board = new StatusBoard();
  private final PeerBook peers = new PeerBook(EngineLoop::nowNanos);
  private final PacketTunnel tunnel;
  private final PeerFollower follower;

  private Membership(NodeConfig config, NodeIdentity identity) throws IOException {
    this.identity = identity;
    closeLimit = config.closeLimit();
    tunnel = PacketTunnel.start(tunnelConfig(config, identity), board::tunnelChanged);
    follower = PeerFollower.start(tunnel.access(), tunnel::session, peers);
    var _ = board.onStatus(this::changed);
    // The node may have joined before there was a listener; what is told twice changes nothing.
    changed(board.status());
    var _ =
        tunnel
            .eventLoop()
            .scheduleAtFixedRate(
                follower::checkSilence,
                SILENCE_CHECK.toMillis(),
                SILENCE_CHECK.toMillis(),
                TimeUnit.MILLISECONDS);
  }

  private void changed(NodeStatus status) {
    if (status instanceof NodeStatus.Running) {
      follower.wake();
    }
  }

  /// Begins to join and returns at once.
  ///
  /// @throws IOException when the identity or the trust cannot be read, or this platform has no
  ///   QUIC
  static Membership start(NodeConfig config) throws IOException {
    NodeIdentity identity =
        config.state().isPresent()
            ? NodeIdentity.open(config.state().get())
            : NodeIdentity.ephemeral();
    try {
      return new Membership(config, identity);
    } catch (IOException | RuntimeException e) {
      identity.close();
      throw e;
    }
  }

  private static PacketTunnelConfig tunnelConfig(NodeConfig config, NodeIdentity identity) {
    return PacketTunnelConfig.builder(config.gateway(), identity, config.name())
        .hosts(config.dns().gateway())
        .trust(config.trust())
        .token(config.token())
        .headers(config.headers())
        .wanted(config.addresses())
        .answerLimit(config.answerLimit())
        .backoff(config.backoffLeast(), config.backoffMost())
        .build();
  }

  NodeIdentity identity() {
    return identity;
  }

  StatusBoard board() {
    return board;
  }

  PeerBook peers() {
    return peers;
  }

  PacketTunnel tunnel() {
    return tunnel;
  }

  Optional<IpAddress> gatewayAddress() {
    return tunnel.remote().map(remote -> IpAddress.of(remote.getAddress().getAddress()));
  }

  /// Tries to reach the gateway again at once where that waits.
  void retryNow() {
    tunnel.retryNow();
    follower.wake();
  }

  /// Tells the gateway that the node goes; blocks for [NodeConfig#closeLimit] at most. Repeatable.
  void leave() {
    leave(ClosingTime.of(closeLimit));
  }

  /// As above, for what is left of the time.
  void leave(ClosingTime time) {
    follower.close(time.left());
    tunnel.close(time.left());
  }

  /// Lets the identity go, so that another node may have it.
  @Override
  public void close() {
    identity.close();
  }
}
