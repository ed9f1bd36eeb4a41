package io.penstock.api.tunnel;

/// The first words of a peer were no valid greeting; the message names what is wrong and no secret.
public final class MalformedGreetingException extends Exception {

  private static final long serialVersionUID = 1L;

  public MalformedGreetingException(String message) {
    super(message);
  }
}
