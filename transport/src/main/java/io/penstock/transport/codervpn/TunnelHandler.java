package io.penstock.transport.codervpn;

import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopResponse;

/// What a tunnel does when its manager asks.
///
/// Called on virtual threads, one call at a time and in the order of the requests; a method may
/// block. What it throws ends up in the log and, where the response has room for it, at the
/// manager.
public interface TunnelHandler {

  /// Starts the tunnel.
  ///
  /// @throws InterruptedException when it was interrupted, as a stop waits or the manager is gone
  StartResponse start(StartRequest request) throws InterruptedException;

  /// Stops the tunnel, whether it was started or not. The response is the last that the manager
  /// hears.
  StopResponse stop();

  /// All peers as upserted, none of them as deleted; none at all before a start.
  PeerUpdate peers();

  /// The machine has slept, and connections may be worth a try.
  void wake();
}
