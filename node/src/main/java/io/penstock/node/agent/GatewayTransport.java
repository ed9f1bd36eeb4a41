package io.penstock.node.agent;

import java.net.InetSocketAddress;
import java.util.Optional;

/// What carries the agent's TLS to the gateway.
public sealed interface GatewayTransport {

  /// TCP.
  record Tcp() implements GatewayTransport {}

  /// KCP over UDP, for links that lose packets. If it cannot connect, the agent uses TCP and says
  /// so.
  ///
  /// @param address where the gateway listens for KCP; without it the gateway is asked
  record Kcp(Optional<InetSocketAddress> address) implements GatewayTransport {}
}
