package io.penstock.gateway.store;

import java.io.IOException;

/// The database could not be asked or has refused; the message holds no secret.
public final class StorageException extends IOException {

  private static final long serialVersionUID = 1L;

  StorageException(String message) {
    super(message);
  }

  StorageException(String message, Throwable cause) {
    super(message, cause);
  }
}
