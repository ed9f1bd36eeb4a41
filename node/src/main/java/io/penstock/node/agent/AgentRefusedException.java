package io.penstock.node.agent;

import java.io.IOException;

/// The gateway refused the agent, or the agent the gateway; the message says what to do.
public final class AgentRefusedException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String code;

  AgentRefusedException(AgentStatus.Refused refused) {
    super(refused.message());
    this.code = refused.code();
  }

  /// A stable word, see [AgentStatus.Refused#code].
  public String code() {
    return code;
  }
}
