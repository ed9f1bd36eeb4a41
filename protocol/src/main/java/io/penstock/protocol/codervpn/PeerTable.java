package io.penstock.protocol.codervpn;

import com.google.protobuf.ByteString;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.Workspace;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// What one end of a stream knows of the peers: workspaces and agents by their ids.
///
/// A tunnel keeps one of what it has told its manager, so that it can tell what has changed; a
/// manager keeps one of what it was told. As large as what is put into it. Not thread-safe.
public final class PeerTable {

  private final Map<ByteString, Workspace> workspaces = new LinkedHashMap<>();
  private final Map<ByteString, Agent> agents = new LinkedHashMap<>();

  /// Knows of nobody.
  public PeerTable() {}

  public Collection<Workspace> workspaces() {
    return workspaces.values();
  }

  public Collection<Agent> agents() {
    return agents.values();
  }

  /// How much is known, as bytes on the wire.
  public long serializedBytes() {
    return workspaces.values().stream().mapToLong(Workspace::getSerializedSize).sum()
        + agents.values().stream().mapToLong(Agent::getSerializedSize).sum();
  }

  /// Changes what the update says: those upserted replace those of the same id, those deleted go.
  public void apply(PeerUpdate update) {
    update.getUpsertedWorkspacesList().forEach(one -> workspaces.put(one.getId(), one));
    update.getUpsertedAgentsList().forEach(one -> agents.put(one.getId(), one));
    update.getDeletedWorkspacesList().forEach(one -> workspaces.remove(one.getId()));
    update.getDeletedAgentsList().forEach(one -> agents.remove(one.getId()));
  }

  /// Takes a snapshot, which is all that there is, for what is known.
  ///
  /// @param snapshot workspaces and agents as upserted; what it says to be deleted is not looked at
  /// @return the snapshot, with what was known before and is not in it as deleted
  public PeerUpdate replace(PeerUpdate snapshot) {
    PeerUpdate.Builder change = snapshot.toBuilder().clearDeletedWorkspaces().clearDeletedAgents();
    addGone(snapshot, change);
    PeerUpdate built = change.build();
    apply(built);
    return built;
  }

  /// What has changed from what is known to a snapshot, which is all that there is: those that are
  /// new or differ as upserted, those that are not in it as deleted. To be applied when it was
  /// told.
  ///
  /// @param snapshot as for [#replace]
  public PeerUpdate changeTo(PeerUpdate snapshot) {
    PeerUpdate.Builder change = PeerUpdate.newBuilder();
    snapshot.getUpsertedWorkspacesList().stream()
        .filter(one -> !Objects.equals(one, workspaces.get(one.getId())))
        .forEach(change::addUpsertedWorkspaces);
    snapshot.getUpsertedAgentsList().stream()
        .filter(one -> !Objects.equals(one, agents.get(one.getId())))
        .forEach(change::addUpsertedAgents);
    addGone(snapshot, change);
    return change.build();
  }

  private void addGone(PeerUpdate snapshot, PeerUpdate.Builder change) {
    Set<ByteString> presentWorkspaces = new HashSet<>();
    snapshot.getUpsertedWorkspacesList().forEach(one -> presentWorkspaces.add(one.getId()));
    Set<ByteString> presentAgents = new HashSet<>();
    snapshot.getUpsertedAgentsList().forEach(one -> presentAgents.add(one.getId()));

    workspaces.values().stream()
        .filter(one -> !presentWorkspaces.contains(one.getId()))
        .forEach(change::addDeletedWorkspaces);
    agents.values().stream()
        .filter(one -> !presentAgents.contains(one.getId()))
        .map(PeerTable::gone)
        .forEach(change::addDeletedAgents);
  }

  /// All that is known: the reply to the manager's question.
  public PeerUpdate all() {
    return PeerUpdate.newBuilder()
        .addAllUpsertedWorkspaces(workspaces.values())
        .addAllUpsertedAgents(agents.values())
        .build();
  }

  /// All agents and no workspace, as is told from time to time; empty when there is no agent.
  public Optional<PeerUpdate> status() {
    return agents.isEmpty()
        ? Optional.empty()
        : Optional.of(PeerUpdate.newBuilder().addAllUpsertedAgents(agents.values()).build());
  }

  /// What is said of an agent that is gone: who it was.
  private static Agent gone(Agent agent) {
    return Agent.newBuilder()
        .setId(agent.getId())
        .setName(agent.getName())
        .setWorkspaceId(agent.getWorkspaceId())
        .build();
  }
}
