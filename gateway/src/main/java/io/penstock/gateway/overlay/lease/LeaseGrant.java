package io.penstock.gateway.overlay.lease;

import io.penstock.gateway.store.StoredLease;

/// What became of a node's wish for an address.
public sealed interface LeaseGrant {

  /// The node has the address, durably.
  record Granted(StoredLease lease) implements LeaseGrant {}

  /// It does not, and what it had before it still has.
  record Refused(Refusal refusal) implements LeaseGrant {}

  /// Why a node does not get an address.
  enum Refusal {
    /// The network has no range of this family.
    NO_SUCH_FAMILY("this network has no addresses of that family"),
    /// The address is not in the range.
    OUT_OF_RANGE("the address is not in this network"),
    /// The address is nobody's.
    RESERVED("the address is reserved"),
    /// Another node has the address, or it is on hold for one.
    TAKEN("another node has the address"),
    /// Every address is taken.
    EXHAUSTED("every address of this network is taken"),
    /// The node has been forgotten.
    UNKNOWN_NODE("this network knows no such node"),
    /// The gateway ends its tunnels.
    CLOSED("the gateway stops");

    private final String text;

    Refusal(String text) {
      this.text = text;
    }

    /// The reason in words that the node may see.
    public String text() {
      return text;
    }
  }
}
