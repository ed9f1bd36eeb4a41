package io.penstock.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http2.Http2Headers;
import io.penstock.transport.relay.HeadWriter;

/// How the data of an HTTP/2 message is framed as a body of HTTP/1.1: by its length when that is
/// known, in chunks otherwise.
enum Http1Framing {
  /// There is no body.
  NONE,
  /// The head tells its length.
  LENGTH,
  /// In chunks, behind which trailers may follow.
  CHUNKS;

  private static final int CHUNK_SPARE_BYTES = 12;

  /// Frames a piece of the body, which is owned from now on.
  ByteBuf frame(ByteBufAllocator allocator, ByteBuf data) {
    if (this != CHUNKS || !data.isReadable()) {
      return data;
    }
    ByteBuf size = allocator.buffer(CHUNK_SPARE_BYTES);
    ByteBufUtil.writeAscii(size, Integer.toHexString(data.readableBytes()));
    HeadWriter.end(size);
    ByteBuf end = allocator.buffer(2);
    HeadWriter.end(end);
    return allocator.compositeBuffer(3).addComponents(true, size, data, end);
  }

  /// What ends the body.
  ByteBuf end(ByteBufAllocator allocator, Http2Headers trailers) {
    ByteBuf out = allocator.buffer();
    if (this == CHUNKS) {
      ByteBufUtil.writeAscii(out, "0\r\n");
      Http2Fields.write(out, trailers);
      HeadWriter.end(out);
    }
    return out;
  }
}
