package io.penstock.node.overlay;

import java.net.BindException;

/// Somebody else has the port; the message says who.
public final class PortInUseException extends BindException {

  private static final long serialVersionUID = 1L;

  private final String owner;

  /// @param place address and port as people write it
  /// @param owner who has it
  public PortInUseException(String place, String owner) {
    super("%s is taken by %s; close that first or choose another port".formatted(place, owner));
    this.owner = owner;
  }

  /// Who has the port, in the words of [PortRequest#owner].
  public String owner() {
    return owner;
  }
}
