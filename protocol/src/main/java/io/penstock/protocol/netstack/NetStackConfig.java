package io.penstock.protocol.netstack;

import io.penstock.protocol.Bounds;
import io.penstock.protocol.netstack.flow.PendingFlowsConfig;
import io.penstock.protocol.netstack.icmp.IcmpLimit;
import io.penstock.protocol.netstack.ip.ReassemblyConfig;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.protocol.netstack.udp.UdpConfig;

/// The knobs of a stack.
///
/// Memory is at most what [TcpConfig], [UdpConfig], [ReassemblyConfig] and [PendingFlowsConfig]
/// allow, plus `outputQueueBytes`.
///
/// @param headroomBytes free space in front of each packet, for the header of a link
/// @param outputQueueBytes what replies, resets and datagrams that wait to go out may hold
/// @param destinations which addresses packets may be for
/// @param icmpErrorsPerSecond about how many ICMP errors are sent; the exact number is drawn for
///   each interval, so that nobody can count by it
public record NetStackConfig(
    int headroomBytes,
    int outputQueueBytes,
    Destinations destinations,
    int icmpErrorsPerSecond,
    TcpConfig tcp,
    UdpConfig udp,
    ReassemblyConfig reassembly,
    PendingFlowsConfig pendingFlows) {

  /// Which addresses packets may be for.
  public enum Destinations {
    /// Those of the stack.
    OURS,
    /// Any, but those that are not ours are seen only by whoever wants flows without an owner.
    ANY_FOR_FLOWS,
    /// Any, as a router has it that ends connections itself; listeners at one address may be at one
    /// that is not ours.
    ANY
  }

  /// Room for the header of a TUN device.
  public static final int DEFAULT_HEADROOM_BYTES = 16;

  /// 2,000 small replies.
  public static final int DEFAULT_OUTPUT_QUEUE_BYTES = 1024 * 1024;

  public NetStackConfig {
    Bounds.requireBetween("netstack.headroom_bytes", headroomBytes, 0, 4096);
    Bounds.requireBetween(
        "netstack.output_queue_bytes", outputQueueBytes, 65_536, Integer.MAX_VALUE / 2);
    Bounds.require(
        icmpErrorsPerSecond == 0 || (icmpErrorsPerSecond >= 10 && icmpErrorsPerSecond <= 1_000_000),
        "netstack.icmp_errors_per_second",
        icmpErrorsPerSecond,
        "0 or 10 to 1000000");
  }

  public static NetStackConfig defaults() {
    return builder().build();
  }

  public static Builder builder() {
    return new Builder();
  }

  /// Collects the knobs; those not set keep their defaults.
  public static final class Builder {

    private int headroomBytes = DEFAULT_HEADROOM_BYTES;
    private int outputQueueBytes = DEFAULT_OUTPUT_QUEUE_BYTES;
    private Destinations destinations = Destinations.OURS;
    private int icmpErrorsPerSecond = IcmpLimit.DEFAULT_PER_SECOND;
    private TcpConfig tcp = TcpConfig.defaults();
    private UdpConfig udp = UdpConfig.DEFAULTS;
    private ReassemblyConfig reassembly = ReassemblyConfig.DEFAULTS;
    private PendingFlowsConfig pendingFlows = PendingFlowsConfig.DEFAULTS;

    private Builder() {}

    public Builder headroomBytes(int value) {
      headroomBytes = value;
      return this;
    }

    public Builder outputQueueBytes(int value) {
      outputQueueBytes = value;
      return this;
    }

    public Builder destinations(Destinations value) {
      destinations = value;
      return this;
    }

    public Builder icmpErrorsPerSecond(int value) {
      icmpErrorsPerSecond = value;
      return this;
    }

    public Builder tcp(TcpConfig value) {
      tcp = value;
      return this;
    }

    public Builder udp(UdpConfig value) {
      udp = value;
      return this;
    }

    public Builder reassembly(ReassemblyConfig value) {
      reassembly = value;
      return this;
    }

    public Builder pendingFlows(PendingFlowsConfig value) {
      pendingFlows = value;
      return this;
    }

    public NetStackConfig build() {
      return new NetStackConfig(
          headroomBytes,
          outputQueueBytes,
          destinations,
          icmpErrorsPerSecond,
          tcp,
          udp,
          reassembly,
          pendingFlows);
    }
  }
}
