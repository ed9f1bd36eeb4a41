package io.penstock.gateway.certificate;

/// Why a signing request is not granted.
public final class SigningRequestException extends Exception {

  private static final long serialVersionUID = 1L;

  SigningRequestException(String message) {
    super(message);
  }
}
