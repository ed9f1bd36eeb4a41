package io.penstock.node.backend;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.http2.ConnectionWindow;
import io.penstock.transport.http2.Http2ClientStream;
import io.penstock.transport.relay.FarEnd;
import io.penstock.transport.relay.HeadReader;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The one HTTP/2 connection of an event loop to a backend, opened when a stream is wanted and
/// closed when none has been for a while.
///
/// Streams above what the backend allows at a time wait in the codec. Up to [#UNREAD_STREAMS] whose
/// visitors do not read leave the others alone. Runs on that event loop.
final class Http2Connection {

  /// As many as a port has connections.
  private static final int UNREAD_STREAMS = 256;

  private final EventLoop loop;
  private final BackendConfig config;
  private final BackendConnections connections;
  private @Nullable Future<Channel> parent;

  Http2Connection(EventLoop loop, BackendConfig config, BackendConnections connections) {
    this.loop = loop;
    this.config = config;
    this.connections = connections;
  }

  /// Opens a stream that looks like an HTTP/1.1 connection, with `far` as its last handler.
  void open(FarEnd far, Promise<Channel> opened) {
    Future<Channel> current = parent;
    if (current == null || (current.isSuccess() && !current.getNow().isActive())) {
      current = connect();
      parent = current;
    }
    current.addListener(
        (Future<Channel> connected) -> {
          if (connected.isSuccess()) {
            openStream(connected.getNow(), far, opened);
          } else {
            parent = null;
            opened.tryFailure(connected.cause());
          }
        });
  }

  private Future<Channel> connect() {
    Promise<Channel> ready = loop.newPromise();
    Promise<Channel> opened = loop.newPromise();
    opened.addListener(
        (Future<Channel> dialled) -> {
          if (dialled.isSuccess()) {
            start(dialled.getNow(), ready);
          } else {
            ready.tryFailure(dialled.cause());
          }
        });
    connections.openHttp2(loop, new NoLastHandler(), opened);
    return ready;
  }

  private void start(Channel channel, Promise<Channel> ready) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls == null) {
      addCodec(channel);
      ready.trySuccess(channel);
      return;
    }
    tls.handshakeFuture()
        .addListener(
            _ -> {
              if (ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol())) {
                addCodec(channel);
                ready.trySuccess(channel);
              } else {
                channel.close();
                ready.tryFailure(new IOException("the backend does not speak HTTP/2"));
              }
            });
  }

  private void addCodec(Channel channel) {
    Http2FrameCodec codec =
        Http2FrameCodecBuilder.forClient()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .pushEnabled(false)
                    .maxHeaderListSize(config.maxHeadBytes()))
            .encoderEnforceMaxConcurrentStreams(true)
            .build();
    channel
        .pipeline()
        .addLast(new IdleStateHandler(0, 0, config.maxIdle().toMillis(), TimeUnit.MILLISECONDS))
        .addLast(codec)
        .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()))
        .addLast(new CloseWhenIdle(codec));
    ConnectionWindow.openFor(UNREAD_STREAMS, channel);
    channel.config().setAutoRead(true);
  }

  private void openStream(Channel connection, FarEnd far, Promise<Channel> opened) {
    HeadReader.Limits limits =
        new HeadReader.Limits(config.maxHeadBytes(), config.maxHeaders(), config.maxHeadBytes());
    String scheme = config.tls().isPresent() ? "https" : "http";
    new Http2StreamChannelBootstrap(connection)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel stream) {
                stream.config().setAutoRead(false);
                stream.pipeline().addLast(new Http2ClientStream(limits, scheme)).addLast(far);
              }
            })
        .open()
        .addListener(
            (Future<Http2StreamChannel> stream) -> {
              if (stream.isSuccess()) {
                opened.trySuccess(stream.getNow());
              } else {
                opened.tryFailure(stream.cause());
              }
            });
  }

  /// Stands where a plain connection has its relay; the codec is added behind it.
  @ChannelHandler.Sharable
  private static final class NoLastHandler extends ChannelInboundHandlerAdapter {}

  private static final class CloseWhenIdle extends ChannelInboundHandlerAdapter {

    private final Http2FrameCodec codec;

    CloseWhenIdle(Http2FrameCodec codec) {
      this.codec = codec;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof IdleStateEvent idle
          && idle.state() == IdleState.ALL_IDLE
          && codec.connection().numActiveStreams() == 0) {
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
