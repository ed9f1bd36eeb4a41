package io.penstock.node.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.socksx.SocksVersion;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5ServerEncoder;
import java.util.List;

/// Tells by its first byte what a client of the proxy speaks: 5 is SOCKS5, all else is HTTP.
final class ProxyFront extends ByteToMessageDecoder {

  private final ProxyConfig config;
  private final OverlayDialer dialer;

  ProxyFront(ProxyConfig config, OverlayDialer dialer) {
    this.config = config;
    this.dialer = dialer;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (!in.isReadable()) {
      return;
    }
    ChannelPipeline pipeline = ctx.pipeline();
    Passage passage = Passage.withPassword(config, dialer);
    if (in.getByte(in.readerIndex()) == SocksVersion.SOCKS5.byteValue()) {
      pipeline.addLast(Socks5ServerEncoder.DEFAULT);
      pipeline.addLast(new Socks5InitialRequestDecoder());
      pipeline.addLast(new Socks5Front(passage));
    } else {
      ConnectDoor.add(pipeline, passage);
    }
    pipeline.remove(this);
  }
}
