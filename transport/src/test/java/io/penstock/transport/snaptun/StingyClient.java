package io.penstock.transport.snaptun;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.util.List;

/// A client that grants no flow control for the answers to its requests.
final class StingyClient {

  private StingyClient() {}

  static QuicChannel connect(Tunnels tunnels) throws Exception {
    QuicSslContext tls = QuicTls.client(new Trust.Anybody(), List.of(SnapTun.ALPN));
    Channel socket =
        new Bootstrap()
            .group(tunnels.loops())
            .channel(NativeSupport.datagramChannel())
            .handler(
                new QuicClientCodecBuilder()
                    .sslContext(tls)
                    .maxIdleTimeout(30, SECONDS)
                    .datagram(64, 64)
                    .initialMaxData(100_000)
                    .initialMaxStreamDataBidirectionalLocal(0)
                    .build())
            .bind("0.0.0.0", 0)
            .sync()
            .channel();
    QuicChannel connection =
        QuicChannel.newBootstrap(socket)
            .handler(new ChannelInboundHandlerAdapter())
            .streamHandler(new ChannelInboundHandlerAdapter())
            .remoteAddress(tunnels.address())
            .connect()
            .get(10, SECONDS);
    connection.closeFuture().addListener(_ -> socket.close());
    return connection;
  }
}
