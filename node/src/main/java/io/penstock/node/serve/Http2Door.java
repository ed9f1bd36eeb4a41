package io.penstock.node.serve;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.penstock.transport.http2.ConnectionWindow;
import io.penstock.transport.http2.Http2ServerStream;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HttpConnection;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// HTTP/2 on a served connection: each stream is served as a connection of HTTP/1.1 with one
/// request.
///
/// Closing the connection says GOAWAY and waits for its streams. Runs on its event loop.
final class Http2Door {

  private Http2Door() {}

  /// Puts the codec on a connection that has negotiated HTTP/2.
  ///
  /// @param service makes what answers a stream
  static void open(Channel connection, ServingParts parts, Function<Channel, WebService> service) {
    ServeLimits limits = parts.limits();
    Http2FrameCodec codec =
        Http2FrameCodecBuilder.forServer()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .maxConcurrentStreams(limits.maxStreams())
                    .maxHeaderListSize(limits.maxHeadBytes()))
            // As long as the streams take; each has limits of its own.
            .gracefulShutdownTimeoutMillis(-1)
            .build();
    HeadReader.Limits responses =
        new HeadReader.Limits(2 * limits.maxHeadBytes(), 2 * limits.maxHeaders(), 0);
    ChannelInitializer<Channel> streams =
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel stream) {
            stream.config().setAutoRead(false);
            stream
                .pipeline()
                .addLast(new Http2ServerStream(responses))
                .addLast(
                    new HttpConnection(stream, service.apply(stream), parts.connectionLimits()));
          }
        };
    long idleMillis = limits.keepAliveTimeout().toMillis();
    connection
        .pipeline()
        .addLast(new IdleStateHandler(0, 0, idleMillis, TimeUnit.MILLISECONDS))
        .addLast(codec)
        .addLast(new Http2MultiplexHandler(streams))
        .addLast(new CloseWhenIdle(codec));
    ConnectionWindow.openFor(limits.maxStreams(), connection);
    connection.config().setAutoRead(true);
  }

  private static final class CloseWhenIdle extends ChannelInboundHandlerAdapter {

    private final Http2FrameCodec codec;

    CloseWhenIdle(Http2FrameCodec codec) {
      this.codec = codec;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof IdleStateEvent && codec.connection().numActiveStreams() == 0) {
        ctx.close();
      } else {
        ctx.fireUserEventTriggered(event);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
