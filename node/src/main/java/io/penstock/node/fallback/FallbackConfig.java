package io.penstock.node.fallback;

import io.penstock.api.config.Requirements;
import java.time.Duration;

/// The limits of fallback flows.
///
/// A flow is in flight from its first packet until it is refused or its connection ends. One more
/// than allowed is refused without asking anybody, and counted.
///
/// @param maxFlowsPerPort how many may be in flight to one destination port, TCP and UDP each
/// @param maxFlows how many may be in flight in all; their first packets hold 512 bytes each at
///   most while they are undecided
/// @param decisionLimit how long all handlers together may take to decide about one flow
public record FallbackConfig(int maxFlowsPerPort, int maxFlows, Duration decisionLimit) {

  /// One busy service does not take the places of all others.
  public static final int DEFAULT_MAX_FLOWS_PER_PORT = 512;

  /// What the forwarder of the original takes on Linux.
  public static final int DEFAULT_MAX_FLOWS = 8192;

  /// Below the first retransmission of a SYN, which comes after a second (RFC 6298, section 2.1),
  /// so that also the last one to be accepted completes on its first SYN.
  public static final Duration DEFAULT_DECISION_LIMIT = Duration.ofMillis(750);

  private static final int MOST_FLOWS = 65_536;
  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofSeconds(60);

  /// The defaults.
  public static final FallbackConfig DEFAULT =
      new FallbackConfig(DEFAULT_MAX_FLOWS_PER_PORT, DEFAULT_MAX_FLOWS, DEFAULT_DECISION_LIMIT);

  public FallbackConfig {
    Requirements.of("fallback")
        .between("max_flows", maxFlows, 1, MOST_FLOWS)
        .between("max_flows_per_port", maxFlowsPerPort, 1, maxFlows)
        .between("decision_limit", decisionLimit, SHORTEST, LONGEST)
        .check();
  }
}
