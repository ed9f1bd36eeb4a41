package io.penstock.node.fallback;

import java.net.DatagramSocket;
import java.net.InetSocketAddress;

/// Decides about UDP conversations, a source and a destination each, for which there is no socket.
@FunctionalInterface
public interface FallbackUdp {

  /// Looks at a new conversation, on a virtual thread; what [FallbackTcp#decide] says of time and
  /// exceptions holds here too. Datagrams that come meanwhile are kept, as far as there is room.
  ///
  /// @param source who sends
  /// @param destination to which address and port, which need not be the node's own
  FlowAnswer<DatagramSocket> decide(InetSocketAddress source, InetSocketAddress destination)
      throws Exception;
}
