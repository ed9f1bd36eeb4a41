package io.penstock.node.vpn;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.device.PeerCounters;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.Workspace;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/// The peers of a node as codervpn has them: a registered node is a workspace, its live tunnel an
/// agent.
///
/// A node has at most one tunnel, so the agent has the node's id and name too, and is the same one
/// after it came back. Both stand in tables of their own.
final class PeerMessages {

  private static final int UUID_BYTES = 16;

  private PeerMessages() {}

  /// All peers as upserted.
  ///
  /// @param self the node itself, which is no peer
  /// @param zone in which the peers' names are, without a dot at its end
  static PeerUpdate of(PeerSnapshot peers, UUID self, String zone) {
    var update = PeerUpdate.newBuilder();
    for (PeerInfo peer : peers.items()) {
      if (!peer.id().equals(self)) {
        update.addUpsertedWorkspaces(workspace(peer));
        if (peer.online()) {
          update.addUpsertedAgents(agent(peer, zone));
        }
      }
    }
    return update.build();
  }

  /// The same with what was exchanged with each agent, where that is known.
  ///
  /// @param traffic of a node by its id
  static PeerUpdate counted(PeerUpdate update, Function<UUID, Optional<PeerCounters>> traffic) {
    PeerUpdate.Builder counted = update.toBuilder();
    for (Agent.Builder agent : counted.getUpsertedAgentsBuilderList()) {
      traffic
          .apply(uuid(agent.getId()))
          .ifPresent(
              counters ->
                  agent
                      .setPenstockRxBytes(counters.rxBytes())
                      .setPenstockTxBytes(counters.txBytes()));
    }
    return counted.build();
  }

  private static Workspace workspace(PeerInfo peer) {
    return Workspace.newBuilder()
        .setId(bytes(peer.id()))
        .setName(peer.name())
        .setStatus(peer.online() ? Workspace.Status.RUNNING : Workspace.Status.STOPPED)
        .build();
  }

  /// The last handshake is the peer's with the gateway, as nodes have none with each other.
  private static Agent agent(PeerInfo peer, String zone) {
    var agent =
        Agent.newBuilder()
            .setId(bytes(peer.id()))
            .setName(peer.name())
            .setWorkspaceId(bytes(peer.id()))
            .addFqdn(peer.name() + "." + zone + ".")
            .addAllIpAddrs(peer.addresses().stream().sorted().map(IpAddress::toString).toList());
    peer.lastHandshake()
        .ifPresent(
            at ->
                agent.setLastHandshake(
                    Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano())));
    return agent.build();
  }

  private static ByteString bytes(UUID id) {
    ByteBuffer bytes =
        ByteBuffer.allocate(UUID_BYTES)
            .putLong(id.getMostSignificantBits())
            .putLong(id.getLeastSignificantBits())
            .flip();
    return ByteString.copyFrom(bytes);
  }

  private static UUID uuid(ByteString id) {
    ByteBuffer bytes = id.asReadOnlyByteBuffer();
    return new UUID(bytes.getLong(), bytes.getLong());
  }
}
