package io.penstock.gateway.overlay.lease;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;

/// What address a node asks for.
public sealed interface AddressWish {

  /// The one it has in a family, or any.
  record Any(IpFamily family) implements AddressWish {}

  /// Exactly this one.
  record Exactly(IpAddress address) implements AddressWish {}

  /// The wish that an address of a request stands for: `0.0.0.0` and `::` mean any of their family.
  static AddressWish of(IpAddress address) {
    return address.isUnspecified() ? new Any(address.family()) : new Exactly(address);
  }

  /// The family of the address.
  default IpFamily family() {
    return switch (this) {
      case Any(var family) -> family;
      case Exactly(var address) -> address.family();
    };
  }
}
