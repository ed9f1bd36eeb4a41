package io.penstock.protocol.snaptun;

/// What became of a token, as far as the wire shows it.
public sealed interface TokenOutcome {

  /// The token holds.
  ///
  /// @param expiryMillis Unix time of its expiry, which becomes that of the session
  record Valid(long expiryMillis) implements TokenOutcome {}

  /// The token does not hold.
  enum Invalid implements TokenOutcome {
    /// Signed by nobody we know.
    BAD_SIGNATURE(ControlResponse.Status.UNAUTHORIZED),
    /// Good once.
    EXPIRED(ControlResponse.Status.UNAUTHORIZED),
    /// Good, but for another session than this tunnel's.
    OTHER_SESSION(ControlResponse.Status.UNAUTHORIZED),
    /// No token at all, or one without what must be in it.
    MALFORMED(ControlResponse.Status.BAD_REQUEST),
    /// Could not be judged.
    FAILED(ControlResponse.Status.INTERNAL_SERVER_ERROR);

    private final ControlResponse.Status status;

    Invalid(ControlResponse.Status status) {
      this.status = status;
    }

    /// What the peer is answered.
    public ControlResponse.Status status() {
      return status;
    }
  }
}
