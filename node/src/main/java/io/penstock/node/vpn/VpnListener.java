package io.penstock.node.vpn;

import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.PeerUpdate;

/// Hears what a tunnel tells its manager.
///
/// Called on virtual threads, one call at a time and in order; while one blocks, nothing more is
/// heard of the tunnel.
public interface VpnListener {

  /// Peers have changed, as [VpnManager#peers] has them already.
  void peersChanged(PeerUpdate change);

  /// The settings of the machine were changed.
  void settingsApplied(OsSettings settings);

  /// The tunnel has something for the log.
  void log(Log log);
}
