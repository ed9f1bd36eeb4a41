package io.penstock.transport.snaptun;

import io.penstock.protocol.CloseReason;

/// What became of a client's command.
public sealed interface CommandResult {

  /// It was done.
  enum Done implements CommandResult {
    DONE
  }

  /// It was not; the tunnel goes on unless it is over.
  record Failed(CloseReason fault) implements CommandResult {}
}
