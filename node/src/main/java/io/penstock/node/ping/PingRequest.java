package io.penstock.node.ping;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.config.Requirements;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import java.time.Duration;

/// One echo request that is to be sent.
///
/// @param target whom to ask
/// @param dataBytes how much data it carries, which the reply has to bring back
/// @param hopLimit through how many routers it may go; the gateway is one
/// @param timeout how long to wait for the answer
public record PingRequest(IpAddress target, int dataBytes, int hopLimit, Duration timeout) {

  /// What `ping` sends everywhere; 64 bytes of ICMP.
  public static final int DEFAULT_DATA_BYTES = 56;

  /// The recommended default (RFC 1700).
  public static final int DEFAULT_HOP_LIMIT = 64;

  /// Long enough for a bad link, and a retransmission of QUIC's handshake is not in it.
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(2);

  /// What fits into the largest IPv4 packet.
  public static final int MAX_DATA_BYTES = 65_535 - 28;

  public PingRequest {
    Requirements.of("ping")
        .that(!target.isUnspecified(), "target", target, "the address of a node")
        .between("size", dataBytes, 0, MAX_DATA_BYTES)
        .between("ttl", hopLimit, 1, 255)
        .between("timeout", timeout, Duration.ofMillis(1), Duration.ofHours(1))
        .check();
  }

  /// A request with the defaults.
  public static PingRequest to(IpAddress target) {
    return new PingRequest(target, DEFAULT_DATA_BYTES, DEFAULT_HOP_LIMIT, DEFAULT_TIMEOUT);
  }

  /// How long the packet is that asks.
  public int packetBytes() {
    return target.family() == IpFamily.IPV4
        ? IcmpEcho.length4(dataBytes)
        : IcmpEcho.length6(dataBytes);
  }

  public PingRequest withDataBytes(int bytes) {
    return new PingRequest(target, bytes, hopLimit, timeout);
  }

  public PingRequest withHopLimit(int limit) {
    return new PingRequest(target, dataBytes, limit, timeout);
  }

  public PingRequest withTimeout(Duration limit) {
    return new PingRequest(target, dataBytes, hopLimit, limit);
  }
}
