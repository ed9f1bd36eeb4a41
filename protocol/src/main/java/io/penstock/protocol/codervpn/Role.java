package io.penstock.protocol.codervpn;

import java.util.Locale;

/// Which end of a stream this is.
public enum Role {
  /// May change the operating system, and says when the tunnel starts and stops.
  MANAGER,
  /// Moves the packets.
  TUNNEL;

  /// The word in the header.
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The role at the other end.
  public Role other() {
    return this == MANAGER ? TUNNEL : MANAGER;
  }
}
