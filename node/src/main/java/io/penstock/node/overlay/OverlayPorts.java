package io.penstock.node.overlay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/// The TCP ports of a node on the overlay, and what there is to know about who comes there.
///
/// Each port has one owner for each family and address; a second one is refused with the name of
/// the first. An owner of an exact address and one of all addresses may share a port, and the exact
/// one comes first. Any thread may call this.
public interface OverlayPorts {

  /// Binds a port and begins to accept.
  ///
  /// @param child the first handler of each accepted connection, a
  ///   [io.netty.channel.ChannelInitializer] as a rule; it is added once for each connection, so it
  ///   must be sharable. It runs on the node's event loop, as does the connection
  /// @return done when the port is bound; fails with a [java.net.BindException] when somebody has
  ///   it, whom the message names, when the address is not the node's, or when no port is free
  CompletionStage<OverlayPort> listen(PortRequest request, ChannelHandler child);

  /// Who is at the other end of an accepted connection, known by the address and the lease that it
  /// had when the SYN came.
  ///
  /// Empty when the lease was not known then, or is somebody else's by now; never another node.
  Optional<PeerInfo> whoIs(Channel accepted);

  /// The node's own addresses now; none before it has joined.
  List<IpAddress> addresses();

  /// The node's label, such as `web`.
  String name();

  /// The node's full name, such as `web.penstock.internal`; empty before it has joined for the
  /// first time.
  Optional<String> domainName();
}
