package io.penstock.protocol.netstack.flow;

import io.penstock.protocol.Bounds;

/// The limits of flows without an owner.
///
/// @param maxFlows how many may be pending
/// @param maxFlowsPerSource how many of one source address
/// @param maxSynBytes the most memory that the SYNs of all pending flows may hold
/// @param maxDatagramBytes the most memory that the first datagrams of all pending flows may hold
/// @param deadlineMillis how long an answer is waited for
public record PendingFlowsConfig(
    int maxFlows,
    int maxFlowsPerSource,
    int maxSynBytes,
    int maxDatagramBytes,
    int deadlineMillis) {

  /// A page with hundreds of connections from several visitors at once.
  public static final int DEFAULT_MAX_FLOWS = 1024;

  /// One visitor cannot take the places of all others.
  public static final int DEFAULT_MAX_FLOWS_PER_SOURCE = 64;

  /// Room for 1,024 SYNs with all options, and what the buffers around them cost.
  public static final int DEFAULT_MAX_SYN_BYTES = 512 * 1024;

  /// Datagrams are repeated by whoever needs them; a few of each flow are enough.
  public static final int DEFAULT_MAX_DATAGRAM_BYTES = 64 * 1024;

  /// Below the first retransmission of a SYN, which comes after a second.
  public static final int DEFAULT_DEADLINE_MILLIS = 250;

  public static final PendingFlowsConfig DEFAULTS =
      new PendingFlowsConfig(
          DEFAULT_MAX_FLOWS,
          DEFAULT_MAX_FLOWS_PER_SOURCE,
          DEFAULT_MAX_SYN_BYTES,
          DEFAULT_MAX_DATAGRAM_BYTES,
          DEFAULT_DEADLINE_MILLIS);

  private static final int MAX_FLOWS = 65_536;
  private static final int MAX_BYTES = Integer.MAX_VALUE / 2;

  public PendingFlowsConfig {
    Bounds.requireBetween("pending_flows.max_flows", maxFlows, 1, MAX_FLOWS);
    Bounds.requireBetween("pending_flows.max_flows_per_source", maxFlowsPerSource, 1, maxFlows);
    Bounds.requireBetween("pending_flows.max_syn_bytes", maxSynBytes, 0, MAX_BYTES);
    Bounds.requireBetween("pending_flows.max_datagram_bytes", maxDatagramBytes, 0, MAX_BYTES);
    Bounds.requireBetween("pending_flows.deadline_millis", deadlineMillis, 1, 60_000);
  }
}
