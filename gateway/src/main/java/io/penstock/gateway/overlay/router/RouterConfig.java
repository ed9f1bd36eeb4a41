package io.penstock.gateway.overlay.router;

import io.penstock.api.config.Inline;
import io.penstock.api.config.Requirements;
import java.time.Duration;

/// The settings of a router, as the table `overlay.router` has them.
///
/// @param queues what may wait, and for how long
/// @param flows what is remembered of the traffic between users
/// @param icmpErrorsPerSecond ICMP errors sent, over all, at most; the true limit changes at random
///   between the half and this
/// @param icmpErrorsPerSourcePerSecond the same for the packets of one tunnel
public record RouterConfig(
    @Inline QueueConfig queues,
    @Inline FlowConfig flows,
    int icmpErrorsPerSecond,
    int icmpErrorsPerSourcePerSecond) {

  /// Where the keys stand.
  static final String TABLE = "overlay.router";

  /// What Linux allows (`net.ipv4.icmp_msgs_per_sec`).
  public static final int DEFAULT_ICMP_ERRORS_PER_SECOND = 1000;

  /// Three probes for each of thirty hops of a `traceroute` come in a few seconds.
  public static final int DEFAULT_ICMP_ERRORS_PER_SOURCE_PER_SECOND = 50;

  private static final int MOST_ERRORS = 1_000_000;

  /// What holds when nothing is set.
  public static final RouterConfig DEFAULT = builder().build();

  public RouterConfig {
    Requirements.of(TABLE)
        .between("icmp_errors_per_second", icmpErrorsPerSecond, 0, MOST_ERRORS)
        .between("icmp_errors_per_source_per_second", icmpErrorsPerSourcePerSecond, 0, MOST_ERRORS)
        .check();
  }

  /// Starts from the documented defaults.
  public static Builder builder() {
    return new Builder();
  }

  /// Collects settings; [#build] validates them.
  public static final class Builder {

    private int tunnelQueueBytes = QueueConfig.DEFAULT_TUNNEL_QUEUE_BYTES;
    private int loopQueueBytes = QueueConfig.DEFAULT_LOOP_QUEUE_BYTES;
    private int serviceQueueBytes = QueueConfig.DEFAULT_SERVICE_QUEUE_BYTES;
    private int quantumBytes = QueueConfig.DEFAULT_QUANTUM_BYTES;
    private Duration delayTarget = QueueConfig.DEFAULT_DELAY_TARGET;
    private Duration delayInterval = QueueConfig.DEFAULT_DELAY_INTERVAL;
    private int crossingPackets = QueueConfig.DEFAULT_CROSSING_PACKETS;
    private int crossingBytes = QueueConfig.DEFAULT_CROSSING_BYTES;
    private int maxFlows = FlowConfig.DEFAULT_FLOWS;
    private int maxFlowsPerNode = FlowConfig.DEFAULT_FLOWS_PER_NODE;
    private Duration tcpOpeningTimeout = FlowConfig.DEFAULT_TCP_OPENING;
    private Duration tcpOpenTimeout = FlowConfig.DEFAULT_TCP_OPEN;
    private Duration tcpClosingTimeout = FlowConfig.DEFAULT_TCP_CLOSING;
    private Duration udpTimeout = FlowConfig.DEFAULT_UDP;
    private Duration icmpTimeout = FlowConfig.DEFAULT_ICMP;
    private int icmpErrorsPerSecond = DEFAULT_ICMP_ERRORS_PER_SECOND;
    private int icmpErrorsPerSourcePerSecond = DEFAULT_ICMP_ERRORS_PER_SOURCE_PER_SECOND;

    private Builder() {}

    public Builder queueBytes(int perTunnel, int perLoop) {
      this.tunnelQueueBytes = perTunnel;
      this.loopQueueBytes = perLoop;
      return this;
    }

    public Builder serviceQueueBytes(int bytes) {
      this.serviceQueueBytes = bytes;
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

    public Builder tcpTimeouts(Duration opening, Duration open, Duration closing) {
      this.tcpOpeningTimeout = opening;
      this.tcpOpenTimeout = open;
      this.tcpClosingTimeout = closing;
      return this;
    }

    public Builder udpTimeout(Duration timeout) {
      this.udpTimeout = timeout;
      return this;
    }

    public Builder icmpTimeout(Duration timeout) {
      this.icmpTimeout = timeout;
      return this;
    }

    public Builder icmpErrors(int perSecond, int perSourcePerSecond) {
      this.icmpErrorsPerSecond = perSecond;
      this.icmpErrorsPerSourcePerSecond = perSourcePerSecond;
      return this;
    }

    public RouterConfig build() {
      return new RouterConfig(
          new QueueConfig(
              tunnelQueueBytes,
              loopQueueBytes,
              serviceQueueBytes,
              quantumBytes,
              delayTarget,
              delayInterval,
              crossingPackets,
              crossingBytes),
          new FlowConfig(
              maxFlows,
              maxFlowsPerNode,
              tcpOpeningTimeout,
              tcpOpenTimeout,
              tcpClosingTimeout,
              udpTimeout,
              icmpTimeout),
          icmpErrorsPerSecond,
          icmpErrorsPerSourcePerSecond);
    }
  }
}
