package io.penstock.gateway.overlay.router;

import io.penstock.protocol.netstack.wire.IpProtocol;
import java.util.List;

/// A rule that lets one party open flows to another; what comes back is allowed with the flow.
///
/// @param from who may open a flow
/// @param to to whom
/// @param protocol of which protocol
/// @param ports to which ports of TCP or UDP; none means all
public record AllowRule(Party from, Party to, Protocol protocol, List<PortRange> ports) {

  /// What a flow may be made of.
  public enum Protocol {
    TCP,
    UDP,
    /// Echo of either version; errors need no rule, they belong to the flow they speak of.
    ICMP,
    /// Everything.
    ANY
  }

  public AllowRule {
    ports = List.copyOf(ports);
    if (!ports.isEmpty() && protocol != Protocol.TCP && protocol != Protocol.UDP) {
      throw new IllegalArgumentException(
          "ports is " + ports + ", allowed is none unless protocol is tcp or udp");
    }
  }

  boolean covers(int ipProtocol, int port) {
    boolean right =
        switch (protocol) {
          case TCP -> ipProtocol == IpProtocol.TCP;
          case UDP -> ipProtocol == IpProtocol.UDP;
          case ICMP -> ipProtocol == IpProtocol.ICMP || ipProtocol == IpProtocol.ICMPV6;
          case ANY -> true;
        };
    if (!right || ports.isEmpty()) {
      return right;
    }
    // By index: an iterator would be an allocation that whoever is refused can call forth.
    for (int i = 0; i < ports.size(); i++) {
      if (ports.get(i).contains(port)) {
        return true;
      }
    }
    return false;
  }
}
