package io.penstock.node.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.socksx.SocksVersion;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5ServerEncoder;
import java.util.List;

/// Tells by its first byte what a client of the proxy speaks: 5 is SOCKS5, all else is HTTP.
final class ProxyFront extends ByteToMessageDecoder {

  /// The handler that limits the time until the client has said where it wants to go.
  static final String LIMIT = "request-limit";

  /// What of a request head is read; `CONNECT` needs very little.
  private static final int MAX_LINE_BYTES = 1024;

  private static final int MAX_HEADERS_BYTES = 8 * 1024;
  private static final int MAX_CHUNK_BYTES = 8 * 1024;

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
    Passage passage = new Passage(config, dialer);
    if (in.getByte(in.readerIndex()) == SocksVersion.SOCKS5.byteValue()) {
      pipeline.addLast(Socks5ServerEncoder.DEFAULT);
      pipeline.addLast(new Socks5InitialRequestDecoder());
      pipeline.addLast(new Socks5Front(passage));
    } else {
      pipeline.addLast(new HttpServerCodec(MAX_LINE_BYTES, MAX_HEADERS_BYTES, MAX_CHUNK_BYTES));
      pipeline.addLast(new ConnectFront(passage));
    }
    pipeline.remove(this);
  }
}
