package io.penstock.gateway.overlay.peer;

import static io.penstock.gateway.overlay.MovedClock.NOON;

import io.penstock.api.IpAddress;
import io.penstock.api.NodeKey;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredLease;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/// A directory over a storage, filled without an address pool.
final class PeerFixture {

  static final PeerVisibility SAME_USER = (viewer, peer) -> viewer.user().equals(peer.user());

  final PeerDirectory directory;
  private final Storage storage;

  PeerFixture(Storage storage) {
    this.storage = storage;
    this.directory = new PeerDirectory(storage.overlay());
  }

  /// Makes a node that is known to the storage alone.
  UUID node(String name, String user) throws IOException {
    UUID id = UUID.nameUUIDFromBytes(name.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    storage
        .overlay()
        .bind(
            new SessionRequest(id, name, new NodeKey("A".repeat(43))),
            user,
            NOON,
            NOON,
            Integer.MAX_VALUE);
    return id;
  }

  /// Makes a node with an assigned address.
  UUID peer(String name, String user, String... addresses) throws IOException {
    UUID id = node(name, user);
    for (String address : addresses) {
      directory.leased(assigned(id, address));
    }
    return id;
  }

  static StoredLease assigned(UUID node, String address) {
    return new StoredLease(IpAddress.parse(address), node, 1, Optional.empty(), Optional.empty());
  }

  static StoredLease held(UUID node, String address) {
    return new StoredLease(IpAddress.parse(address), node, 1, Optional.of(NOON), Optional.empty());
  }
}
