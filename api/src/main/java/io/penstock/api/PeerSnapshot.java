package io.penstock.api;

import java.util.List;

/// The nodes of an overlay network at one time.
///
/// @param revision counts changes; the events of the stream carry it too
/// @param items in the order of their names
public record PeerSnapshot(long revision, List<PeerInfo> items) {
  public PeerSnapshot {
    items = List.copyOf(items);
  }
}
