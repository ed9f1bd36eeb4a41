package io.penstock.api.client;

import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;

/// What a gateway tells about the peers of a node.
public sealed interface PeerChange {

  /// All of them; what was said before is void.
  record Snapshot(PeerSnapshot peers) implements PeerChange {}

  /// One is new, or has changed.
  record Upserted(PeerInfo peer) implements PeerChange {}

  /// One is gone.
  record Deleted(PeerInfo peer) implements PeerChange {}

  /// Nothing has changed, and the gateway is still there; comes every 16 s or so.
  record StillThere() implements PeerChange {}
}
