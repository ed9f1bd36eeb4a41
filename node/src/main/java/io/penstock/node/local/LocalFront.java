package io.penstock.node.local;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/// Tells by its first bytes what a client of the local API wants: `CONNECT` dials, all else is for
/// the endpoints.
final class LocalFront extends ByteToMessageDecoder {

  private static final byte[] CONNECT = "CONNECT ".getBytes(StandardCharsets.US_ASCII);

  private final Consumer<ChannelPipeline> dial;
  private final Consumer<ChannelPipeline> endpoints;

  LocalFront(Consumer<ChannelPipeline> dial, Consumer<ChannelPipeline> endpoints) {
    this.dial = dial;
    this.endpoints = endpoints;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    int known = Math.min(in.readableBytes(), CONNECT.length);
    for (int i = 0; i < known; i++) {
      if (in.getByte(in.readerIndex() + i) != CONNECT[i]) {
        become(ctx, endpoints);
        return;
      }
    }
    if (known == CONNECT.length) {
      become(ctx, dial);
    }
  }

  private void become(ChannelHandlerContext ctx, Consumer<ChannelPipeline> what) {
    ChannelPipeline pipeline = ctx.pipeline();
    pipeline.remove(LocalApi.FIRST_BYTES);
    what.accept(pipeline);
    pipeline.remove(this);
  }
}
