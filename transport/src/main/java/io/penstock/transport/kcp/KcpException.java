package io.penstock.transport.kcp;

import io.penstock.protocol.kcp.KcpCloseReason;
import java.io.IOException;

/// The failure of a KCP session, as the exception that its channel fires.
///
/// It carries no stack trace: the cause lies with the peer, and a flood of forged addresses makes
/// many of them.
public final class KcpException extends IOException {

  private static final long serialVersionUID = 1L;

  private final KcpCloseReason reason;

  public KcpException(KcpCloseReason reason) {
    super(reason.logText());
    this.reason = reason;
  }

  public KcpCloseReason reason() {
    return reason;
  }

  @Override
  @SuppressWarnings("UnsynchronizedOverridesSynchronized")
  public Throwable fillInStackTrace() {
    return this;
  }
}
