package io.penstock.node.agent;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How an agent is doing at one moment.
public sealed interface AgentStatus {

  /// It has not been online yet.
  ///
  /// @param cause why the latest attempt failed; empty at the first
  record Connecting(Optional<String> cause) implements AgentStatus {}

  /// Visitors reach the app.
  ///
  /// @param urls the public addresses; empty with a gateway of the original kind, which tells none
  /// @param connections how many of the agent's connections are up
  /// @param transport `tcp` or `kcp`
  /// @param latency of the greeting's round trip
  /// @param note what the user should know, such as a fall-back to another transport
  record Online(
      List<String> urls, int connections, String transport, Duration latency, Optional<String> note)
      implements AgentStatus {
    public Online {
      urls = List.copyOf(urls);
    }
  }

  /// The link was lost and is being made again.
  ///
  /// @param cause why it was lost, or why the latest attempt failed
  record Reconnecting(String cause) implements AgentStatus {}

  /// The gateway refuses this agent, or the agent the gateway, for a reason that only a person can
  /// mend; the agent has stopped.
  ///
  /// @param code a stable word, see [io.penstock.api.tunnel.Refusal], or [#UNTRUSTED]
  /// @param message what happened and what to do about it
  record Refused(String code, String message) implements AgentStatus {

    /// Whoever answered at the first attempt is not the gateway that the agent trusts.
    public static final String UNTRUSTED = "untrusted_gateway";
  }

  /// The agent was closed by its owner.
  record Closed() implements AgentStatus {}

  /// Whether nothing more will come.
  default boolean isFinal() {
    return switch (this) {
      case Refused _, Closed _ -> true;
      case Connecting _, Online _, Reconnecting _ -> false;
    };
  }
}
