package io.penstock.node.serve;

import io.netty.channel.Channel;
import io.penstock.api.PeerInfo;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/// Who is at the other end of a served connection.
///
/// @param address the overlay address, without a scope
/// @param peer who that is, if it is known
record Visitor(String address, Optional<PeerInfo> peer) {

  static Visitor of(Channel accepted, Optional<PeerInfo> peer) {
    if (accepted.remoteAddress() instanceof InetSocketAddress inet && inet.getAddress() != null) {
      return new Visitor(text(inet.getAddress()), peer);
    }
    return new Visitor("unknown", peer);
  }

  /// An address without a scope.
  static String text(InetAddress address) {
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }
}
