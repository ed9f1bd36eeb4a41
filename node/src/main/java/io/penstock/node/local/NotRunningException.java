package io.penstock.node.local;

import java.io.IOException;

/// No program runs with a state directory, or none that can be asked.
public final class NotRunningException extends IOException {

  private static final long serialVersionUID = 1L;

  NotRunningException(LocalTarget target, IOException cause) {
    super(
        "no %s runs with the state directory %s".formatted(target.program(), target.state()),
        cause);
  }
}
