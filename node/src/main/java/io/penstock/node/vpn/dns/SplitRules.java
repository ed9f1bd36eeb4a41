package io.penstock.node.vpn.dns;

import java.net.InetSocketAddress;
import java.util.List;

/// Which servers are asked for which names.
///
/// @param zones names that are these or below them belong to the overlay; in lower case, without a
///   dot at the end
/// @param overlay the servers for those; when there are none such a name has no answer
/// @param others the servers for all other names, in the order in which they are tried
public record SplitRules(
    List<String> zones, List<InetSocketAddress> overlay, List<InetSocketAddress> others) {

  public SplitRules {
    zones = List.copyOf(zones);
    overlay = List.copyOf(overlay);
    others = List.copyOf(others);
  }

  /// Whose name it is.
  enum Side {
    OVERLAY,
    OTHERS
  }

  /// Whose a name is, in lower case without a dot at its end.
  Side sideOf(String name) {
    boolean inOverlay =
        zones.stream().anyMatch(zone -> name.equals(zone) || name.endsWith("." + zone));
    return inOverlay ? Side.OVERLAY : Side.OTHERS;
  }

  List<InetSocketAddress> servers(Side side) {
    return side == Side.OVERLAY ? overlay : others;
  }
}
