package io.penstock.gateway.backend;

import java.io.IOException;

/// There is no such agent connection, or none for the route: it never was, or it has ended.
public final class NoSuchBackendException extends IOException {

  private static final long serialVersionUID = 1L;

  public NoSuchBackendException(String what) {
    super("there is no backend " + what);
  }
}
