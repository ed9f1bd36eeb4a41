package io.penstock.node;

import java.io.IOException;

/// The node is over; the message says why.
public final class NodeStoppedException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String code;

  NodeStoppedException(NodeStatus.Stopped stopped) {
    super(stopped.message());
    this.code = stopped.code();
  }

  /// The stable word of [NodeStatus.Stopped].
  public String code() {
    return code;
  }
}
