package io.penstock.node.fallback;

import java.net.InetSocketAddress;
import java.net.Socket;

/// Decides about TCP connections that nobody listens for, before their SYN is answered.
@FunctionalInterface
public interface FallbackTcp {

  /// Looks at a new connection, on a virtual thread.
  ///
  /// It may block, within [FallbackConfig#decisionLimit] together with the handlers before it; a
  /// connection that is not decided on by then is refused. An exception refuses it too. It may
  /// register handlers, which are asked about flows that come later, and close them.
  ///
  /// @param source who connects
  /// @param destination to which address and port, which need not be the node's own
  FlowAnswer<Socket> decide(InetSocketAddress source, InetSocketAddress destination)
      throws Exception;
}
