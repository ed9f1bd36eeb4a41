package io.penstock.node.tunnel;

import java.io.IOException;

/// The tunnel cannot be made for a reason that only a person can mend; the message says which.
public final class TunnelStoppedException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String code;

  TunnelStoppedException(TunnelStatus.Stopped stopped) {
    super(stopped.message());
    this.code = stopped.code();
  }

  /// The stable word of [TunnelStatus.Stopped].
  public String code() {
    return code;
  }
}
