package io.penstock.node.demo;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.stream.ChunkedInput;
import org.jspecify.annotations.Nullable;

/// The body of a download: makes the next block of [DemoBytes] when the channel has room for it.
final class DemoDownload implements ChunkedInput<HttpContent> {

  /// A multiple of the generator's word; a block this large costs one write of the socket.
  private static final int BLOCK_BYTES = 1 << 16;

  private final long lengthBytes;
  private long position;
  private boolean ended;

  DemoDownload(long lengthBytes) {
    this.lengthBytes = lengthBytes;
  }

  @Override
  public @Nullable HttpContent readChunk(ByteBufAllocator allocator) {
    if (ended) {
      return null;
    }
    if (position == lengthBytes) {
      ended = true;
      return LastHttpContent.EMPTY_LAST_CONTENT;
    }
    int length = (int) Math.min(BLOCK_BYTES, lengthBytes - position);
    ByteBuf block = allocator.buffer(length);
    DemoBytes.write(block, position, length);
    position += length;
    return new DefaultHttpContent(block);
  }

  @Override
  @Deprecated
  @SuppressWarnings("InlineMeSuggester")
  public @Nullable HttpContent readChunk(ChannelHandlerContext ctx) {
    return readChunk(ctx.alloc());
  }

  @Override
  public boolean isEndOfInput() {
    return ended;
  }

  @Override
  public void close() {
    ended = true;
  }

  @Override
  public long length() {
    return lengthBytes;
  }

  @Override
  public long progress() {
    return position;
  }
}
