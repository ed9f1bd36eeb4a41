package io.penstock.gateway.overlay.peer;

import io.penstock.api.PeerInfo;

/// Decides who sees whom; called often and on event loops, so it must not block.
@FunctionalInterface
public interface PeerVisibility {

  /// Whether the viewer may know that there is this peer.
  boolean sees(PeerViewer viewer, PeerInfo peer);
}
