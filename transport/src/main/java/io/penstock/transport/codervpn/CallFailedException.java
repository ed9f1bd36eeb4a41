package io.penstock.transport.codervpn;

import io.penstock.protocol.codervpn.CallFault;
import java.io.IOException;

/// A call got no reply, a message was not sent, or the stream never began.
public final class CallFailedException extends IOException {

  private static final long serialVersionUID = 1;

  private final transient CallFault fault;

  CallFailedException(CallFault fault) {
    super(fault.logText());
    this.fault = fault;
  }

  /// Why.
  public CallFault fault() {
    return fault;
  }
}
