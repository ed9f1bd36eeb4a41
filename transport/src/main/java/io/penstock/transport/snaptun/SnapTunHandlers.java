package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.penstock.transport.quic.QuicHandlers;
import java.util.function.Consumer;

/// The handlers that an endpoint must be made with for its connections to become tunnels.
public final class SnapTunHandlers {

  private SnapTunHandlers() {}

  /// Handlers of a server.
  ///
  /// @param established is called on the event loop with each connection; it calls
  ///   [SnapTunServer#acceptWithTimeout]
  public static QuicHandlers server(Consumer<QuicChannel> established) {
    return new QuicHandlers(new Connection(established), new Stream());
  }

  /// Handlers of a client; the dialer tells when the connection is established.
  public static QuicHandlers client() {
    return new QuicHandlers(new Connection(_ -> {}), new Stream());
  }

  private static final class Connection extends ChannelInboundHandlerAdapter {

    private final Consumer<QuicChannel> established;

    Connection(Consumer<QuicChannel> established) {
      this.established = established;
    }

    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      established.accept((QuicChannel) ctx.channel());
      ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      if (msg instanceof ByteBuf packet) {
        ConnectionInbox.of((QuicChannel) ctx.channel()).packet(packet);
      } else {
        ctx.fireChannelRead(msg);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ConnectionInbox.of((QuicChannel) ctx.channel()).packetsComplete();
      ctx.fireChannelReadComplete();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // What ends the connection is told by QuicEnd, and what does not is nobody's concern.
    }
  }

  /// Only bidirectional streams carry requests; of others nothing is read, as in the original.
  private static final class Stream extends ChannelInitializer<QuicStreamChannel> {

    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    protected void initChannel(QuicStreamChannel channel) {
      ControlStream stream = new ControlStream(channel);
      channel.pipeline().addLast((ChannelHandler) stream);
      if (channel.type() == QuicStreamType.BIDIRECTIONAL) {
        ConnectionInbox.of(channel.parent()).stream(stream);
      }
    }
  }
}
