package io.penstock.transport.smux;

import io.penstock.protocol.smux.SmuxCloseReason;
import java.io.IOException;

/// Says on a stream's channel that the stream was cut off, or that its session ended.
public final class SmuxException extends IOException {

  private static final long serialVersionUID = 1L;

  private final transient SmuxCloseReason reason;

  SmuxException(SmuxCloseReason reason) {
    super(reason.logText());
    this.reason = reason;
  }

  /// Why the stream ended.
  public SmuxCloseReason reason() {
    return reason;
  }

  /// Left out: the cause is on the other side of the wire, and many streams end at once.
  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
