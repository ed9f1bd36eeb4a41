package io.penstock.gateway.overlay.router;

import io.penstock.api.config.Requirements;
import java.time.Duration;

/// How many flows between nodes of different users a router remembers, and for how long without a
/// packet.
///
/// **Worst-case memory.** About 120 bytes for each of `maxFlows`.
///
/// @param maxFlows over all
/// @param maxFlowsPerNode that one node has opened
/// @param tcpOpeningTimeout a connection that has had no answer
/// @param tcpOpenTimeout an open connection
/// @param tcpClosingTimeout a connection that was reset or that both ends have closed
/// @param udpTimeout datagrams, and all protocols without a time of their own
/// @param icmpTimeout echo
public record FlowConfig(
    int maxFlows,
    int maxFlowsPerNode,
    Duration tcpOpeningTimeout,
    Duration tcpOpenTimeout,
    Duration tcpClosingTimeout,
    Duration udpTimeout,
    Duration icmpTimeout) {

  /// A thousand nodes with a hundred flows each, and about 15 MiB when they all are there.
  public static final int DEFAULT_FLOWS = 131_072;

  /// What a busy web server's node opens, and a thirty-second of all.
  public static final int DEFAULT_FLOWS_PER_NODE = 4096;

  /// The last SYN of a client that gives up after a minute still finds its flow.
  public static final Duration DEFAULT_TCP_OPENING = Duration.ofSeconds(75);

  /// RFC 5382 REQ-5: not less than 2 hours and 4 minutes, beyond the keep-alive of hosts.
  public static final Duration DEFAULT_TCP_OPEN = Duration.ofMinutes(124);

  /// Repeated FINs and late segments; longer than the TIME-WAIT of Linux.
  public static final Duration DEFAULT_TCP_CLOSING = Duration.ofSeconds(75);

  /// RFC 4787 REQ-5: not less than two minutes.
  public static final Duration DEFAULT_UDP = Duration.ofMinutes(2);

  /// RFC 5508 REQ-1: not less than 60 seconds.
  public static final Duration DEFAULT_ICMP = Duration.ofSeconds(60);

  private static final int LEAST_FLOWS = 64;
  private static final int MOST_FLOWS = 1 << 24;
  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofDays(7);

  public FlowConfig {
    Requirements.of(RouterConfig.TABLE)
        .between("max_flows", maxFlows, LEAST_FLOWS, MOST_FLOWS)
        .between("max_flows_per_node", maxFlowsPerNode, 1, MOST_FLOWS)
        .between("tcp_opening_timeout", tcpOpeningTimeout, SHORTEST, LONGEST)
        .between("tcp_open_timeout", tcpOpenTimeout, SHORTEST, LONGEST)
        .between("tcp_closing_timeout", tcpClosingTimeout, SHORTEST, LONGEST)
        .between("udp_timeout", udpTimeout, SHORTEST, LONGEST)
        .between("icmp_timeout", icmpTimeout, SHORTEST, LONGEST)
        .check();
  }

  FlowTimeouts timeouts() {
    return new FlowTimeouts(
        tcpOpeningTimeout.toNanos(),
        tcpOpenTimeout.toNanos(),
        tcpClosingTimeout.toNanos(),
        udpTimeout.toNanos(),
        icmpTimeout.toNanos());
  }
}
