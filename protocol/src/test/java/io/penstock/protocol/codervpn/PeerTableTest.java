package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.Workspace;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What is known of the peers. The snapshots are those of the original's TestProcessFreshState:
/// agents 1 and 4 in workspace 1, agent 2 in workspace 2.
class PeerTableTest {

  private static final List<Workspace> WORKSPACES =
      List.of(Samples.workspace(1), Samples.workspace(2));
  private static final List<Agent> AGENTS =
      List.of(Samples.agent(1, 1), Samples.agent(2, 2), Samples.agent(4, 1));

  private final PeerTable table = new PeerTable();

  private static PeerUpdate snapshot(List<Workspace> workspaces, List<Agent> agents) {
    return PeerUpdate.newBuilder()
        .addAllUpsertedWorkspaces(workspaces)
        .addAllUpsertedAgents(agents)
        .build();
  }

  private void known() {
    table.replace(snapshot(WORKSPACES, AGENTS));
  }

  private static Agent gone(int id, int workspace) {
    return Agent.newBuilder()
        .setId(Samples.id(id))
        .setName("agent" + id)
        .setWorkspaceId(Samples.id(workspace))
        .build();
  }

  @Test
  void no_change_deletes_nothing() {
    known();
    PeerUpdate same = snapshot(WORKSPACES, AGENTS);
    assertThat(table.replace(same)).isEqualTo(same);
    assertThat(table.all()).isEqualTo(same);
  }

  @Test
  void a_change_is_what_differs_and_nothing_else() {
    known();
    Workspace stopped =
        Samples.workspace(1).toBuilder().setStatus(Workspace.Status.STOPPED).build();
    PeerUpdate next = snapshot(List.of(stopped), List.of(Samples.agent(1, 1), Samples.agent(3, 1)));
    PeerUpdate change =
        PeerUpdate.newBuilder()
            .addUpsertedWorkspaces(stopped)
            .addUpsertedAgents(Samples.agent(3, 1))
            .addDeletedWorkspaces(Samples.workspace(2))
            .addDeletedAgents(gone(2, 2))
            .addDeletedAgents(gone(4, 1))
            .build();
    assertThat(table.changeTo(next)).isEqualTo(change);
    assertThat(table.all()).as("not told yet").isEqualTo(snapshot(WORKSPACES, AGENTS));

    table.apply(change);
    assertThat(table.all()).isEqualTo(next);
    assertThat(table.changeTo(next)).isEqualTo(PeerUpdate.getDefaultInstance());
  }

  @Test
  void an_added_agent_is_upserted_with_the_rest() {
    known();
    PeerUpdate more =
        snapshot(
            WORKSPACES,
            List.of(
                Samples.agent(1, 1),
                Samples.agent(2, 2),
                Samples.agent(3, 1),
                Samples.agent(4, 1)));
    assertThat(table.replace(more)).isEqualTo(more);
    assertThat(table.agents()).hasSize(4);
  }

  @Test
  void an_agent_is_removed_with_its_workspace() {
    known();
    PeerUpdate left =
        snapshot(List.of(Samples.workspace(1)), List.of(Samples.agent(1, 1), Samples.agent(4, 1)));
    assertThat(table.replace(left))
        .isEqualTo(
            left.toBuilder()
                .addDeletedWorkspaces(Samples.workspace(2))
                .addDeletedAgents(gone(2, 2))
                .build());
    assertThat(table.all()).isEqualTo(left);
  }

  @Test
  void an_agent_is_removed_and_its_workspace_stays() {
    known();
    PeerUpdate left = snapshot(WORKSPACES, List.of(Samples.agent(1, 1), Samples.agent(2, 2)));
    assertThat(table.replace(left))
        .isEqualTo(left.toBuilder().addDeletedAgents(gone(4, 1)).build());
  }

  @Test
  void the_first_snapshot_deletes_nothing() {
    PeerUpdate first = snapshot(List.of(Samples.workspace(1)), List.of(Samples.agent(1, 1)));
    assertThat(table.replace(first)).isEqualTo(first);
  }

  @Test
  void an_empty_snapshot_deletes_everything() {
    known();
    assertThat(table.replace(PeerUpdate.getDefaultInstance()))
        .isEqualTo(
            PeerUpdate.newBuilder()
                .addAllDeletedWorkspaces(WORKSPACES)
                .addDeletedAgents(gone(1, 1))
                .addDeletedAgents(gone(2, 2))
                .addDeletedAgents(gone(4, 1))
                .build());
    assertThat(table.all()).isEqualTo(PeerUpdate.getDefaultInstance());
  }

  @Test
  void a_workspace_without_agents_stays_and_goes_like_any_other() {
    table.replace(snapshot(List.of(Samples.workspace(1)), List.of()));
    assertThat(table.status()).isEmpty();
    assertThat(table.replace(snapshot(List.of(), List.of())).getDeletedWorkspacesList())
        .containsExactly(Samples.workspace(1));
  }

  @Test
  void a_snapshot_is_all_that_there_is_whatever_it_says_to_be_deleted() {
    known();
    PeerUpdate odd =
        snapshot(WORKSPACES, AGENTS).toBuilder()
            .addDeletedAgents(Samples.agent(1, 1))
            .addDeletedWorkspaces(Samples.workspace(1))
            .build();
    assertThat(table.replace(odd)).isEqualTo(snapshot(WORKSPACES, AGENTS));
    assertThat(table.agents()).hasSize(3);
  }

  @Test
  void a_delta_replaces_by_id_and_deletes_by_id() {
    known();
    Agent renamed = Samples.agent(1, 1).toBuilder().setName("renamed").build();
    table.apply(
        PeerUpdate.newBuilder()
            .addUpsertedAgents(renamed)
            .addUpsertedWorkspaces(Samples.workspace(3))
            .addDeletedAgents(Agent.newBuilder().setId(Samples.id(2)))
            .addDeletedWorkspaces(Workspace.newBuilder().setId(Samples.id(2)))
            .addDeletedAgents(Agent.newBuilder().setId(Samples.id(99)))
            .build());
    assertThat(table.agents()).containsExactly(renamed, Samples.agent(4, 1));
    assertThat(table.workspaces()).containsExactly(Samples.workspace(1), Samples.workspace(3));
  }

  @Test
  void a_status_tells_of_all_agents_and_of_no_workspace() {
    known();
    assertThat(table.status())
        .contains(PeerUpdate.newBuilder().addAllUpsertedAgents(AGENTS).build());
  }
}
