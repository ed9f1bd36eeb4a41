package io.penstock.gateway.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.PeerInfo;
import io.penstock.gateway.config.AllowSettings;
import io.penstock.gateway.overlay.peer.PeerViewer;
import io.penstock.gateway.overlay.peer.PeerVisibility;
import io.penstock.gateway.overlay.router.AllowRule;
import io.penstock.gateway.overlay.router.OverlayPolicy;
import io.penstock.gateway.overlay.router.Party;
import io.penstock.gateway.overlay.router.PortRange;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class OverlayRulesTest {

  private static final OverlayPolicy POLICY =
      OverlayRules.policy(
          List.of(
              new AllowSettings(
                  "user:bob",
                  "node:db",
                  Optional.of(AllowSettings.Protocol.TCP),
                  List.of("5432", "8000-8100")),
              new AllowSettings("*", "user:ops", Optional.empty(), List.of())));

  private final PeerVisibility visibility = OverlayRules.visibility(POLICY);

  private static PeerInfo peer(String name, String user) {
    return new PeerInfo(UUID.randomUUID(), name, user, List.of(), true, Map.of(), Optional.empty());
  }

  private boolean sees(String user, String node, PeerInfo peer) {
    return visibility.sees(
        new PeerViewer(user, node.isEmpty() ? Optional.empty() : Optional.of(node)), peer);
  }

  @Test
  void readsTheConfiguredRules() {
    assertThat(POLICY.rules())
        .containsExactly(
            new AllowRule(
                new Party.OfUser("bob"),
                new Party.NodeNamed("db"),
                AllowRule.Protocol.TCP,
                List.of(new PortRange(5432, 5432), new PortRange(8000, 8100))),
            new AllowRule(
                new Party.Anyone(), new Party.OfUser("ops"), AllowRule.Protocol.ANY, List.of()));
  }

  @Test
  void showsTheNodesOfOnesOwnAndNoOthers() {
    assertThat(sees("ann", "", peer("web", "ann"))).isTrue();
    assertThat(sees("ann", "web", peer("laptop", "bob"))).isFalse();
    assertThat(sees("bob", "laptop", peer("web", "ann"))).isFalse();
  }

  @Test
  void showsBothEndsOfARuleToEachOther() {
    assertThat(sees("bob", "laptop", peer("db", "ann"))).isTrue();
    assertThat(sees("bob", "", peer("db", "ann"))).isTrue();
    assertThat(sees("ann", "db", peer("laptop", "bob"))).isTrue();
    assertThat(sees("ann", "", peer("laptop", "bob"))).as("only the node db").isFalse();
    assertThat(sees("eve", "x", peer("monitor", "ops"))).isTrue();
    assertThat(sees("ops", "monitor", peer("x", "eve"))).isTrue();
  }
}
