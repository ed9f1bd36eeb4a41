package io.penstock.node.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import java.util.concurrent.CompletionStage;

/// The way from a proxy into the overlay.
@FunctionalInterface
public interface OverlayDialer {

  /// Dials a host of the overlay.
  ///
  /// @param host a name in the zone, or an address; anything else is refused
  /// @param handler the first of the channel's pipeline
  /// @return done on the node's event loop, with a channel that does not read yet; fails with
  ///   [java.net.UnknownHostException] for a name that is not there,
  ///   [java.net.NoRouteToHostException] for what is not on the overlay, and what a socket would
  ///   say otherwise
  CompletionStage<Channel> dial(String host, int port, ChannelHandler handler);
}
