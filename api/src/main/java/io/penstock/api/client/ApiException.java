package io.penstock.api.client;

import java.io.IOException;

/// A call of an API failed; the message says what happened and what to do about it.
public final class ApiException extends IOException {

  private static final long serialVersionUID = 1L;

  /// Nothing answered, or no gateway did.
  public static final String UNREACHABLE = "unreachable";

  private final int status;
  private final String code;

  ApiException(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  ApiException(String message, Throwable cause) {
    super(message, cause);
    this.status = 0;
    this.code = UNREACHABLE;
  }

  /// The HTTP status of the answer, or 0 when none came.
  public int status() {
    return status;
  }

  /// The stable word of the problem, or [#UNREACHABLE].
  public String code() {
    return code;
  }
}
