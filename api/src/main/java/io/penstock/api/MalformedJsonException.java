package io.penstock.api;

/// Bytes were not the JSON that was asked for; the message says what is wrong and quotes no secret.
public final class MalformedJsonException extends Exception {

  private static final long serialVersionUID = 1L;

  public MalformedJsonException(String message) {
    super(message);
  }
}
