package io.penstock.protocol.snaptun;

import java.util.List;

/// Where a tunnel stands; both ends go through the same states.
///
/// ```
/// Unassigned --renew--> SessionEstablished --assign--> Assigned --assign--> Assigned …
///      |                      | renew ↺                    | renew ↺
///      +----------------------+----------------------------+------------> Closed
/// ```
public sealed interface TunnelState {

  /// Nothing was agreed yet.
  enum Unassigned implements TunnelState {
    UNASSIGNED
  }

  /// A token was accepted.
  ///
  /// @param expiryMillis Unix time at which the session ends unless it is renewed
  record SessionEstablished(long expiryMillis) implements TunnelState {}

  /// Packets travel.
  ///
  /// @param expiryMillis Unix time at which the session ends unless it is renewed
  /// @param addresses what the client may use, at least one
  record Assigned(long expiryMillis, List<AddressRange> addresses) implements TunnelState {
    public Assigned {
      addresses = List.copyOf(addresses);
    }
  }

  /// The tunnel is over, for good.
  record Closed(TunnelEnd end) implements TunnelState {}
}
