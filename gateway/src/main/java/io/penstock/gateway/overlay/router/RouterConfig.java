package io.penstock.gateway.overlay.router;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/// The settings of a router.
///
/// **Worst-case memory.** Queued packets: `loopQueueBytes` for each event loop, and `crossingBytes`
/// for each ordered pair of loops. Flows: about 120 bytes for each of `maxFlows`.
///
/// @param addresses the router's own addresses, from which it sends ICMP errors: at most one of
///   each family; without one of a family it sends no errors of that family
/// @param tunnelQueueBytes what may wait for one tunnel
/// @param loopQueueBytes what may wait for all tunnels of one event loop
/// @param quantumBytes what a source may send in one round of the fair queue
/// @param delayTargetNanos how long a packet may wait as a rule (CoDel's target)
/// @param delayIntervalNanos how long it may wait longer before packets are dropped (CoDel's
///   interval)
/// @param crossingPackets packets on their way from one event loop to another, a power of two
/// @param crossingBytes and their bytes
/// @param maxFlows flows between nodes of different users, over all
/// @param maxFlowsPerNode flows that one node has opened
/// @param flowTimeouts how long a flow lasts without a packet
/// @param icmpErrorsPerSecond ICMP errors sent, over all, at most; the true limit changes at random
///   between the half and this
/// @param icmpErrorsPerSourcePerSecond the same for the packets of one tunnel
public record RouterConfig(
    List<InetAddress> addresses,
    int tunnelQueueBytes,
    int loopQueueBytes,
    int quantumBytes,
    long delayTargetNanos,
    long delayIntervalNanos,
    int crossingPackets,
    int crossingBytes,
    int maxFlows,
    int maxFlowsPerNode,
    FlowTimeouts flowTimeouts,
    int icmpErrorsPerSecond,
    int icmpErrorsPerSourcePerSecond) {

  /// 80 ms at 100 Mbit/s: room for a burst, while the delay is CoDel's to keep down.
  public static final int DEFAULT_TUNNEL_QUEUE_BYTES = 1024 * 1024;

  /// 64 tunnels of a loop that are all behind at once; the more wait, the less each may have.
  public static final int DEFAULT_LOOP_QUEUE_BYTES = 64 * 1024 * 1024;

  /// One packet of the largest usual size (RFC 8290 section 5.2.2).
  public static final int DEFAULT_QUANTUM_BYTES = 1500;

  /// RFC 8289 section 4.2.
  public static final Duration DEFAULT_DELAY_TARGET = Duration.ofMillis(5);

  /// RFC 8289 section 4.2: a round trip that most paths stay below.
  public static final Duration DEFAULT_DELAY_INTERVAL = Duration.ofMillis(100);

  /// 5 ms of 800,000 packets per second, longer than a loop should ever be busy.
  public static final int DEFAULT_CROSSING_PACKETS = 4096;

  /// The same as full packets.
  public static final int DEFAULT_CROSSING_BYTES = 6 * 1024 * 1024;

  /// A thousand nodes with a hundred flows each, and about 15 MiB when they all are there.
  public static final int DEFAULT_FLOWS = 131_072;

  /// What a busy web server's node opens, and a thirty-second of all.
  public static final int DEFAULT_FLOWS_PER_NODE = 4096;

  /// What Linux allows (`net.ipv4.icmp_msgs_per_sec`).
  public static final int DEFAULT_ICMP_ERRORS_PER_SECOND = 1000;

  /// Three probes for each of thirty hops of a `traceroute` come in a few seconds.
  public static final int DEFAULT_ICMP_ERRORS_PER_SOURCE_PER_SECOND = 50;

  /// How long a flow between nodes of different users is remembered without a packet.
  ///
  /// @param tcpOpeningNanos a connection that has had no answer
  /// @param tcpOpenNanos an open connection
  /// @param tcpClosingNanos a connection that was reset or that both ends have closed
  /// @param udpNanos datagrams, and all protocols without a time of their own
  /// @param icmpNanos echo
  public record FlowTimeouts(
      long tcpOpeningNanos,
      long tcpOpenNanos,
      long tcpClosingNanos,
      long udpNanos,
      long icmpNanos) {

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

    public FlowTimeouts {
      require(tcpOpeningNanos > 0, "tcpOpeningNanos", tcpOpeningNanos, "1 or more");
      require(tcpOpenNanos > 0, "tcpOpenNanos", tcpOpenNanos, "1 or more");
      require(tcpClosingNanos > 0, "tcpClosingNanos", tcpClosingNanos, "1 or more");
      require(udpNanos > 0, "udpNanos", udpNanos, "1 or more");
      require(icmpNanos > 0, "icmpNanos", icmpNanos, "1 or more");
    }

    /// The documented defaults.
    public static FlowTimeouts defaults() {
      return new FlowTimeouts(
          DEFAULT_TCP_OPENING.toNanos(),
          DEFAULT_TCP_OPEN.toNanos(),
          DEFAULT_TCP_CLOSING.toNanos(),
          DEFAULT_UDP.toNanos(),
          DEFAULT_ICMP.toNanos());
    }
  }

  public RouterConfig {
    addresses = List.copyOf(addresses);
    long four = addresses.stream().filter(address -> address.getAddress().length == 4).count();
    require(four <= 1, "addresses of IPv4", four, "0 or 1");
    require(addresses.size() - four <= 1, "addresses of IPv6", addresses.size() - four, "0 or 1");
    require(quantumBytes >= 64, "quantumBytes", quantumBytes, "64 or more");
    require(tunnelQueueBytes >= 65_536, "tunnelQueueBytes", tunnelQueueBytes, "65536 or more");
    require(
        loopQueueBytes >= tunnelQueueBytes,
        "loopQueueBytes",
        loopQueueBytes,
        "tunnelQueueBytes (" + tunnelQueueBytes + ") or more");
    require(delayTargetNanos > 0, "delayTargetNanos", delayTargetNanos, "1 or more");
    require(
        delayIntervalNanos > delayTargetNanos,
        "delayIntervalNanos",
        delayIntervalNanos,
        "more than delayTargetNanos (" + delayTargetNanos + ")");
    require(
        crossingPackets >= 16 && Integer.bitCount(crossingPackets) == 1,
        "crossingPackets",
        crossingPackets,
        "a power of two from 16");
    require(crossingBytes >= 65_536, "crossingBytes", crossingBytes, "65536 or more");
    require(maxFlows >= 64 && maxFlows <= 1 << 24, "maxFlows", maxFlows, "64 to 16777216");
    require(maxFlowsPerNode >= 1, "maxFlowsPerNode", maxFlowsPerNode, "1 or more");
    require(icmpErrorsPerSecond >= 0, "icmpErrorsPerSecond", icmpErrorsPerSecond, "0 or more");
    require(
        icmpErrorsPerSourcePerSecond >= 0,
        "icmpErrorsPerSourcePerSecond",
        icmpErrorsPerSourcePerSecond,
        "0 or more");
  }

  private static void require(boolean holds, String key, long value, String allowed) {
    if (!holds) {
      throw new IllegalArgumentException(key + " is " + value + ", allowed is " + allowed);
    }
  }

  /// Starts from the documented defaults.
  public static Builder builder() {
    return new Builder();
  }

  /// Collects settings; [#build] validates them.
  public static final class Builder {

    private List<InetAddress> addresses = List.of();
    private int tunnelQueueBytes = DEFAULT_TUNNEL_QUEUE_BYTES;
    private int loopQueueBytes = DEFAULT_LOOP_QUEUE_BYTES;
    private int quantumBytes = DEFAULT_QUANTUM_BYTES;
    private Duration delayTarget = DEFAULT_DELAY_TARGET;
    private Duration delayInterval = DEFAULT_DELAY_INTERVAL;
    private int crossingPackets = DEFAULT_CROSSING_PACKETS;
    private int crossingBytes = DEFAULT_CROSSING_BYTES;
    private int maxFlows = DEFAULT_FLOWS;
    private int maxFlowsPerNode = DEFAULT_FLOWS_PER_NODE;
    private FlowTimeouts flowTimeouts = FlowTimeouts.defaults();
    private int icmpErrorsPerSecond = DEFAULT_ICMP_ERRORS_PER_SECOND;
    private int icmpErrorsPerSourcePerSecond = DEFAULT_ICMP_ERRORS_PER_SOURCE_PER_SECOND;

    private Builder() {}

    public Builder addresses(List<InetAddress> own) {
      this.addresses = own;
      return this;
    }

    public Builder queueBytes(int perTunnel, int perLoop) {
      this.tunnelQueueBytes = perTunnel;
      this.loopQueueBytes = perLoop;
      return this;
    }

    public Builder quantumBytes(int bytes) {
      this.quantumBytes = bytes;
      return this;
    }

    public Builder delay(Duration target, Duration interval) {
      this.delayTarget = target;
      this.delayInterval = interval;
      return this;
    }

    public Builder crossing(int packets, int bytes) {
      this.crossingPackets = packets;
      this.crossingBytes = bytes;
      return this;
    }

    public Builder flows(int overAll, int perNode) {
      this.maxFlows = overAll;
      this.maxFlowsPerNode = perNode;
      return this;
    }

    public Builder flowTimeouts(FlowTimeouts timeouts) {
      this.flowTimeouts = timeouts;
      return this;
    }

    public Builder icmpErrors(int perSecond, int perSourcePerSecond) {
      this.icmpErrorsPerSecond = perSecond;
      this.icmpErrorsPerSourcePerSecond = perSourcePerSecond;
      return this;
    }

    public RouterConfig build() {
      return new RouterConfig(
          addresses,
          tunnelQueueBytes,
          loopQueueBytes,
          quantumBytes,
          delayTarget.toNanos(),
          delayInterval.toNanos(),
          crossingPackets,
          crossingBytes,
          maxFlows,
          maxFlowsPerNode,
          flowTimeouts,
          icmpErrorsPerSecond,
          icmpErrorsPerSourcePerSecond);
    }
  }
}
