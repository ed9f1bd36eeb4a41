package io.penstock.node;

import io.penstock.api.IpAddress;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.device.PeerCounters;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/// A node as whoever runs it sees it, whatever becomes of its packets: those of a [Node] stay in
/// this process, those of a [DeviceNode] go to a TUN device.
///
/// All methods may be called from any thread; those that block say so, and can be interrupted.
public sealed interface OverlayMember extends AutoCloseable permits Node, DeviceNode {

  NodeStatus status();

  /// Calls a listener with each new status, in order, on a virtual thread of its own; it may block.
  /// While it does, 64 statuses wait for it, and then the oldest is left out.
  ///
  /// @return closing it ends that
  AutoCloseable onStatus(Consumer<NodeStatus> listener);

  /// Blocks until packets travel.
  ///
  /// @throws NodeStoppedException when the node is over
  /// @throws java.net.SocketTimeoutException when the limit is over, with the last failure
  NodeStatus.Running awaitRunning(Duration limit) throws IOException, InterruptedException;

  /// Tries to reach the gateway at once if the link is lost and the node waits for its next
  /// attempt, as when the machine has slept.
  void retryNow();

  /// The id by which the gateway knows the node.
  UUID id();

  /// The network as the gateway has described it last; empty before the first time.
  Optional<OverlayNetwork> network();

  /// The address of the gateway that the node's tunnel goes to, or went to last; empty before the
  /// first time.
  Optional<IpAddress> gatewayAddress();

  /// The others that this node may know of, as the gateway has told last.
  PeerSnapshot peerSnapshot();

  /// Blocks until something has changed about the peers since a snapshot of this node, or for the
  /// limit at most; whether it has.
  ///
  /// @param revision of the snapshot
  boolean awaitPeers(long revision, Duration limit) throws InterruptedException;

  /// What was exchanged with a peer; empty for a peer that is not known, and for a node that does
  /// not count.
  default Optional<PeerCounters> traffic(UUID peer) {
    return Optional.empty();
  }

  /// Ends the node. Repeatable; blocks for at most [NodeConfig#closeLimit] and a little more.
  @Override
  void close();
}
