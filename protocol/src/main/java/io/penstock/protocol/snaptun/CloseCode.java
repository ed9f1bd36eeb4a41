package io.penstock.protocol.snaptun;

/// The error codes with which a server closes the QUIC connection.
public enum CloseCode {
  /// A request that cannot be understood, or not now.
  INVALID_REQUEST(1),
  /// The tunnel was not established in time.
  TIMEOUT(2),
  /// A request without a token.
  UNAUTHENTICATED(3),
  /// The session ended unrenewed.
  SESSION_EXPIRED(4),
  /// A request cut short, or a response that could not be sent.
  INTERNAL_ERROR(5);

  private final int code;

  CloseCode(int code) {
    this.code = code;
  }

  /// The number on the wire.
  public int code() {
    return code;
  }
}
