package io.penstock.node.serve;

/// Why a serve config was not taken; nothing has changed when it is thrown.
public final class ServeException extends Exception {

  private static final long serialVersionUID = 1L;

  /// What kind of refusal it is.
  public enum Reason {
    /// The document is no serve config.
    MALFORMED,
    /// It is one, and says what cannot be.
    INVALID,
    /// It asks for what is not there: `AllowFunnel` or `Services`.
    UNSUPPORTED,
    /// Somebody else has set another config since the ETag was read.
    CONFLICT,
    /// A port would change its type in place, or one in the foreground would be overwritten.
    IN_USE,
    /// There is no certificate for a TLS port.
    CERTIFICATE,
    /// A port cannot be bound.
    BIND,
    /// The config cannot be stored.
    STORAGE
  }

  private final Reason reason;

  ServeException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  ServeException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
