package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/// One leased address of the overlay as the admin API lists it.
///
/// @param address that is leased
/// @param node whose it is
/// @param name of the node
/// @param user of the node
/// @param generation grows with every grant in the network
/// @param state whether the node has a tunnel
/// @param heldUntil how long the address is kept for the node while it has none
public record LeaseInfo(
    IpAddress address,
    UUID node,
    String name,
    String user,
    long generation,
    State state,
    Optional<Instant> heldUntil) {

  /// Whether a leased address is in use.
  public enum State {
    /// Its node has a tunnel.
    ASSIGNED,
    /// Its node has none, and may come back for it.
    HELD;

    /// The word in JSON and on the command line.
    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
