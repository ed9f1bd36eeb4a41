package io.penstock.api.tunnel;

/// The first words of a peer were no valid greeting; the message names what is wrong and no secret.
public final class MalformedGreetingException extends Exception {

  private static final long serialVersionUID = 1L;

  private final String reason;

  public MalformedGreetingException(String reason) {
    super(reason);
    this.reason = reason;
  }

  /// What is wrong with the greeting.
  public String reason() {
    return reason;
  }
}
