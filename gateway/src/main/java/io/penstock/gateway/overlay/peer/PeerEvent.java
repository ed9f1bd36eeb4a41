package io.penstock.gateway.overlay.peer;

import io.penstock.api.PeerInfo;

/// A change in the directory.
public sealed interface PeerEvent {

  /// The directory's count of changes.
  long revision();

  /// The peer that it is about.
  PeerInfo peer();

  /// There is a new peer, or one has changed.
  record Upserted(long revision, PeerInfo peer) implements PeerEvent {}

  /// There is no such peer any more.
  ///
  /// @param peer as it was
  record Deleted(long revision, PeerInfo peer) implements PeerEvent {}
}
