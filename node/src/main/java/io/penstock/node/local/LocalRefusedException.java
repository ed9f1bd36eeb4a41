package io.penstock.node.local;

import java.io.IOException;

/// A node has refused what its local API was asked for; the message says why.
public final class LocalRefusedException extends IOException {

  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;

  LocalRefusedException(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /// The HTTP status.
  public int status() {
    return status;
  }

  /// The stable word of the problem.
  public String code() {
    return code;
  }
}
