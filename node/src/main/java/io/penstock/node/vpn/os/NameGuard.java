package io.penstock.node.vpn.os;

import java.util.Locale;
import java.util.Optional;

/// Keeps the look-up of the gateway's own name out of the tunnel, as [RouteGuard] does with its
/// addresses: a tunnel whose gateway is to be found over the tunnel would never find it again.
///
/// @param gatewayHost the gateway's host name, if it is known
record NameGuard(Optional<String> gatewayHost) {

  NameGuard {
    gatewayHost = gatewayHost.map(NameGuard::canonical);
  }

  private static String canonical(String host) {
    String lower = host.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  /// Refuses a zone that holds the gateway's name.
  ///
  /// @throws SettingsRefusedException with a text for the user
  void check(OsSettings settings) throws SettingsRefusedException {
    if (gatewayHost.isEmpty() || settings.dns().isEmpty()) {
      return;
    }
    String host = gatewayHost.get();
    for (String zone : settings.dns().get().zones()) {
      if (host.equals(zone) || host.endsWith("." + zone)) {
        throw new SettingsRefusedException(
            "the tunnel asks for the names of %s, one of which is that of its gateway %s; the gateway would be looked up over the tunnel, so nothing was changed; with --dns=off names are left alone"
                .formatted(zone, host));
      }
    }
  }
}
