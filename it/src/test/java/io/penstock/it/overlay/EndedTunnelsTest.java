package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.LeaseInfo;
import io.penstock.api.client.AdminClient;
import io.penstock.api.client.ApiException;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.node.tunnel.TunnelStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a node sees when an administrator ends its tunnel.
class EndedTunnelsTest {

  /// What the documents promise for a token that was revoked.
  private static final Duration REVOCATION = Duration.ofSeconds(5);

  @TempDir private Path data;

  private TestOverlay overlay;
  private CreatedToken ann;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(data);
    ann = overlay.token("ann");
  }

  @AfterEach
  void close() {
    overlay.close();
  }

  @Test
  void a_revoked_token_stops_its_nodes_within_five_seconds_and_says_so() throws Exception {
    try (TestNode one = overlay.join("one", ann);
        TestNode other = overlay.join("other", overlay.token("bob"));
        AdminClient admin = overlay.admin()) {
      admin.revokeToken(ann.id());

      await()
          .atMost(REVOCATION)
          .until(
              () ->
                  one.statuses().stream()
                      .anyMatch(status -> !(status instanceof TunnelStatus.Connected)));
      assertThat(one.awaitLoss()).contains("token revoked");
      TunnelStatus.Stopped stopped = one.awaitStop();
      assertThat(stopped.code()).isEqualTo("bad_token");
      assertThat(stopped.message()).contains("token");
      assertThat(other.statuses()).doesNotHaveAnyElementsOfTypes(TunnelStatus.Waiting.class);
      assertThat(other.tunnel().addresses()).isNotEmpty();
    }
  }

  @Test
  void a_kicked_node_hears_it_and_comes_back_with_its_addresses() throws Exception {
    try (TestNode one = overlay.join("one", ann);
        TestNode two = overlay.join("two", ann);
        AdminClient admin = overlay.admin()) {
      List<IpAddress> before = one.tunnel().addresses();

      admin.kickNode("one");

      assertThat(one.awaitLoss()).contains("kicked");
      two.awaitReply(before.getFirst());
      one.awaitConnected();
      assertThat(one.tunnel().addresses()).isEqualTo(before);
      assertThat(two.statuses()).doesNotHaveAnyElementsOfTypes(TunnelStatus.Waiting.class);
    }
  }

  @Test
  void a_forgotten_node_hears_it_and_joins_anew_with_its_name() throws Exception {
    try (TestNode one = overlay.join("one", ann);
        AdminClient admin = overlay.admin()) {
      long firstGeneration = generation(admin, one.address(IpFamily.IPV4));

      admin.forgetNode("one");

      assertThat(one.awaitLoss()).contains("node forgotten");
      one.awaitConnected();
      assertThat(generation(admin, one.address(IpFamily.IPV4))).isGreaterThan(firstGeneration);
      assertThat(admin.nodes()).extracting(node -> node.name()).containsExactly("one");
    }
  }

  @Test
  void a_released_address_goes_to_whoever_wants_it_and_its_node_gets_another() throws Exception {
    NodeIdentity identity = NodeIdentity.ephemeral();
    PacketTunnelConfig config = overlay.node(identity, "one", ann.token()).build();
    IpAddress released;
    try (TestNode one = TestNode.join(config);
        AdminClient admin = overlay.admin()) {
      released = one.address(IpFamily.IPV4);
      assertThatThrownBy(() -> admin.releaseLease(released))
          .isInstanceOf(ApiException.class)
          .hasMessageContaining("connected");
    }
    try (AdminClient admin = overlay.admin()) {
      await().until(() -> admin.leases().stream().allMatch(l -> l.state() == LeaseInfo.State.HELD));
      admin.releaseLease(released);
    }
    PacketTunnelConfig wanting =
        overlay
            .node(NodeIdentity.ephemeral(), "two", ann.token())
            .wanted(List.of(released))
            .build();
    try (TestNode two = TestNode.join(wanting);
        TestNode one = TestNode.join(config)) {
      assertThat(two.tunnel().addresses()).containsExactly(released);
      assertThat(one.address(IpFamily.IPV4)).isNotEqualTo(released);
      one.awaitReply(released);
    }
  }

  private static long generation(AdminClient admin, IpAddress address) throws IOException {
    return admin.leases().stream()
        .filter(lease -> lease.address().equals(address))
        .findFirst()
        .orElseThrow()
        .generation();
  }
}
