package io.penstock.protocol.codervpn;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;

/// Makes a frame of a message; [FrameReader] shows its layout.
final class FrameWriter {

  private FrameWriter() {}

  /// Returns the frame, which the caller owns.
  ///
  /// @throws IllegalArgumentException when the message is larger than a frame may be
  static ByteBuf frame(Message message, int maxFrameBytes, ByteBufAllocator allocator) {
    int length = message.getSerializedSize();
    if (length < 0 || length > maxFrameBytes) {
      throw new IllegalArgumentException(
          "the message has %d bytes, allowed are %d"
              .formatted(Integer.toUnsignedLong(length), maxFrameBytes));
    }
    int frameBytes = FrameReader.LENGTH_BYTES + length;
    ByteBuf frame = allocator.ioBuffer(frameBytes, frameBytes);
    frame.writeInt(length);
    try {
      var out = CodedOutputStream.newInstance(frame.nioBuffer(FrameReader.LENGTH_BYTES, length));
      message.writeTo(out);
      out.flush();
    } catch (IOException e) {
      frame.release();
      throw new AssertionError("a buffer of the message's size was too small for it", e);
    }
    return frame.writerIndex(frameBytes);
  }
}
