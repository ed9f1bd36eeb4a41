package io.penstock.node.vpn;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.device.PeerCounters;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.Workspace;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PeerMessagesTest {

  private static final UUID SELF = UUID.fromString("00000000-0000-4000-8000-000000000001");
  private static final UUID DB = UUID.fromString("00010203-0405-4607-8809-0a0b0c0d0e0f");
  private static final UUID WEB = UUID.fromString("fffefdfc-fbfa-49f8-b7f6-f5f4f3f2f1f0");

  private static final Instant SEEN = Instant.ofEpochSecond(1_795_000_000);

  private static PeerInfo peer(UUID id, String name, boolean online, String... addresses) {
    return new PeerInfo(
        id,
        name,
        "ann",
        Stream.of(addresses).map(IpAddress::parse).toList(),
        online,
        Map.of(),
        online ? Optional.of(SEEN) : Optional.empty());
  }

  private static ByteString bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return ByteString.copyFrom(bytes);
  }

  @Test
  void a_node_is_a_workspace_and_its_live_tunnel_an_agent_and_the_node_itself_neither() {
    ByteString db = bytes(0, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 14, 15);
    ByteString web =
        bytes(
            0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0x49, 0xf8, 0xb7, 0xf6, 0xf5, 0xf4, 0xf3, 0xf2,
            0xf1, 0xf0);
    PeerSnapshot peers =
        new PeerSnapshot(
            1,
            List.of(
                peer(DB, "db", true, "fd7c::9", "10.86.0.9"),
                peer(SELF, "laptop", true, "10.86.0.2"),
                peer(WEB, "web", false, "10.86.0.10")));
    assertThat(PeerMessages.of(peers, SELF, "penstock.internal"))
        .isEqualTo(
            PeerUpdate.newBuilder()
                .addUpsertedWorkspaces(
                    Workspace.newBuilder()
                        .setId(db)
                        .setName("db")
                        .setStatus(Workspace.Status.RUNNING))
                .addUpsertedWorkspaces(
                    Workspace.newBuilder()
                        .setId(web)
                        .setName("web")
                        .setStatus(Workspace.Status.STOPPED))
                .addUpsertedAgents(
                    Agent.newBuilder()
                        .setId(db)
                        .setName("db")
                        .setWorkspaceId(db)
                        .addFqdn("db.penstock.internal.")
                        .addIpAddrs("10.86.0.9")
                        .addIpAddrs("fd7c::9")
                        .setLastHandshake(Timestamp.newBuilder().setSeconds(1_795_000_000)))
                .build());
  }

  @Test
  void what_was_exchanged_is_with_the_agents_of_which_it_is_known_and_changes_nothing_else() {
    PeerUpdate all =
        PeerMessages.of(
            new PeerSnapshot(
                1,
                List.of(peer(DB, "db", true, "10.86.0.9"), peer(WEB, "web", true, "10.86.0.10"))),
            SELF,
            "penstock.internal");
    PeerUpdate counted =
        PeerMessages.counted(
            all,
            id -> id.equals(WEB) ? Optional.of(new PeerCounters(0, 0, 7, 1)) : Optional.empty());
    Agent db = counted.getUpsertedAgents(0);
    Agent web = counted.getUpsertedAgents(1);
    assertThat(db.hasPenstockRxBytes()).isFalse();
    assertThat(db.hasPenstockTxBytes()).isFalse();
    assertThat(web.hasPenstockRxBytes()).isTrue();
    assertThat(web.getPenstockRxBytes()).isZero();
    assertThat(web.getPenstockTxBytes()).isEqualTo(7);
    assertThat(
            counted.toBuilder()
                .setUpsertedAgents(1, web.toBuilder().clearPenstockRxBytes().clearPenstockTxBytes())
                .build())
        .isEqualTo(all);
  }

  @Test
  void an_update_of_those_who_are_gone_has_no_figures() {
    PeerUpdate gone =
        PeerUpdate.newBuilder().addDeletedAgents(Agent.newBuilder().setName("db")).build();
    assertThat(PeerMessages.counted(gone, _ -> Optional.of(new PeerCounters(1, 1, 1, 1))))
        .isEqualTo(gone);
  }
}
