package io.penstock.transport.codervpn;

import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;

/// What a manager does with what its tunnel asks and says.
///
/// Called on virtual threads, one call at a time and in the order in which it was said; a method
/// may block, and nothing more is read while too much waits for it.
public interface ManagerHandler {

  /// Changes the system's network settings, or says why it does not. What this throws becomes a
  /// refusal.
  NetworkSettingsResponse networkSettings(NetworkSettingsRequest request);

  /// Peers have changed; see [io.penstock.protocol.codervpn.PeerTable#apply].
  void peersChanged(PeerUpdate update);

  /// Something for the log.
  void log(Log log);
}
