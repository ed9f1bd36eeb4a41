package io.penstock.node.proxy;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Puts HTTP `CONNECT` at the end of a pipeline, on the event loop of its channel.
public final class ConnectDoor {

  /// The handler that limits the time until the client has said where it wants to go.
  static final String LIMIT = "request-limit";

  /// What of a request head is read; `CONNECT` needs very little.
  private static final int MAX_LINE_BYTES = 1024;

  private static final int MAX_HEADERS_BYTES = 8 * 1024;
  private static final int MAX_CHUNK_BYTES = 8 * 1024;

  private ConnectDoor() {}

  /// Lets whoever comes dial into the overlay, without a password: for a channel that strangers
  /// cannot reach.
  ///
  /// @param limit how long the client may take until it has said where it wants to go
  public static void openToAll(ChannelPipeline pipeline, OverlayDialer dialer, Duration limit) {
    pipeline.addLast(LIMIT, limit(limit));
    add(pipeline, Passage.toAll(dialer));
  }

  static ChannelHandler limit(Duration limit) {
    return new ReadTimeoutHandler(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  static void add(ChannelPipeline pipeline, Passage passage) {
    pipeline.addLast(new HttpServerCodec(MAX_LINE_BYTES, MAX_HEADERS_BYTES, MAX_CHUNK_BYTES));
    pipeline.addLast(new ConnectFront(passage));
  }
}
