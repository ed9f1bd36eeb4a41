package io.penstock.gateway.overlay;

import io.penstock.api.PeerInfo;
import io.penstock.gateway.config.AllowSettings;
import io.penstock.gateway.overlay.peer.PeerViewer;
import io.penstock.gateway.overlay.peer.PeerVisibility;
import io.penstock.gateway.overlay.router.AllowRule;
import io.penstock.gateway.overlay.router.OverlayPolicy;
import io.penstock.gateway.overlay.router.Party;
import io.penstock.gateway.overlay.router.PortRange;
import java.util.List;

/// What the configured rules of the overlay mean, to the router and to those who look for others.
public final class OverlayRules {

  private OverlayRules() {}

  /// The rules as the router takes them.
  public static OverlayPolicy policy(List<AllowSettings> settings) {
    return new OverlayPolicy(settings.stream().map(OverlayRules::rule).toList());
  }

  /// Lets everybody see the nodes of their own user, and those that a rule connects with them:
  /// whoever may be called should know the caller's name too.
  public static PeerVisibility visibility(OverlayPolicy policy) {
    return (viewer, peer) ->
        viewer.user().equals(peer.user())
            || policy.rules().stream().anyMatch(rule -> connects(rule, viewer, peer));
  }

  private static boolean connects(AllowRule rule, PeerViewer viewer, PeerInfo peer) {
    // No node has the name "", so a user who asks without a node is meant by no rule about nodes.
    String node = viewer.node().orElse("");
    return (rule.from().covers(node, viewer.user()) && rule.to().covers(peer.name(), peer.user()))
        || (rule.to().covers(node, viewer.user()) && rule.from().covers(peer.name(), peer.user()));
  }

  private static AllowRule rule(AllowSettings settings) {
    return new AllowRule(
        Party.parse(settings.from()),
        Party.parse(settings.to()),
        switch (settings.protocol().orElse(AllowSettings.Protocol.ANY)) {
          case TCP -> AllowRule.Protocol.TCP;
          case UDP -> AllowRule.Protocol.UDP;
          case ICMP -> AllowRule.Protocol.ICMP;
          case ANY -> AllowRule.Protocol.ANY;
        },
        settings.ports().stream().map(PortRange::parse).toList());
  }
}
