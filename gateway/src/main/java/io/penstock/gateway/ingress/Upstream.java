package io.penstock.gateway.ingress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Promise;

/// One agent connection as the ingress sees it: something that opens a stream for one request.
public interface Upstream {

  /// Says whether the agent speaks `penstock-tun/1`, so that its `Penstock-App-Down` is believed.
  boolean ownProtocol();

  /// The event loop on which the streams of this upstream live.
  EventLoop eventLoop();

  /// Opens one stream with `initializer` as its handler; callable from any thread.
  ///
  /// The promise succeeds with the active channel, or fails when no stream could be opened, in
  /// which case nothing was sent. It may be completed on any thread.
  void open(ChannelHandler initializer, Promise<Channel> opened);

  /// Says that the request is over, however it ended; called exactly once for each
  /// [Upstreams.Chosen], on any thread.
  void finished();
}
