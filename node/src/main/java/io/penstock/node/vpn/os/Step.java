package io.penstock.node.vpn.os;

import java.io.IOException;

/// One change to the system, and the way back from it.
interface Step {

  /// Makes the change.
  void apply() throws IOException;

  /// Takes the change back, when it was made.
  void undo() throws IOException;

  /// What is done, for the log.
  @Override
  String toString();
}
