package io.penstock.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;

/// A visitor's HTTP/2 connection to a served port, by frames.
record Http2Visit(Channel connection) implements AutoCloseable {

  static Http2Visit connect(ServeFixture node, int port) throws Exception {
    SslContext tls =
        SslContextBuilder.forClient()
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    ApplicationProtocolConfig.Protocol.ALPN,
                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                    ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                    "h2"))
            .build();
    Channel channel = node.dial(port).sync().channel();
    SslHandler handler = tls.newHandler(channel.alloc(), ServeFixture.NAME, port);
    channel
        .eventLoop()
        .submit(
            () -> {
              channel
                  .pipeline()
                  .addLast(handler)
                  .addLast(Http2FrameCodecBuilder.forClient().build())
                  .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
              channel.config().setAutoRead(true);
            })
        .sync();
    handler.handshakeFuture().sync();
    assertThat(handler.applicationProtocol()).isEqualTo("h2");
    return new Http2Visit(channel);
  }

  Http2StreamChannel stream(ChannelHandler handler) throws Exception {
    return new Http2StreamChannelBootstrap(connection).handler(handler).open().sync().get();
  }

  @Override
  public void close() {
    connection.close().syncUninterruptibly();
  }
}
