package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Reads the messages behind the header.
final class MessageReader<R extends Message> {

  /// What a call of [#next] found.
  sealed interface Found<R extends Message> {

    /// More bytes must come.
    record Nothing<R extends Message>() implements Found<R> {}

    /// A whole message.
    record Whole<R extends Message>(R message, int frameBytes) implements Found<R> {}

    /// No message; nothing behind it can be understood.
    record Broken<R extends Message>(SpeakerEnd end) implements Found<R> {}
  }

  private final Dialect<R> dialect;
  private final SpeakerConfig config;
  private final FrameReader frames;

  MessageReader(Dialect<R> dialect, SpeakerConfig config, ByteBufAllocator allocator) {
    this.dialect = dialect;
    this.config = config;
    this.frames = new FrameReader(allocator, config.maxFrameBytes());
  }

  /// Takes the bytes of one message, or all that are there.
  Found<R> next(ByteBuf in) {
    return switch (frames.next(in)) {
      case FrameReader.Found.Nothing _ -> new Found.Nothing<>();
      case FrameReader.Found.TooLarge(long lengthBytes) ->
          new Found.Broken<>(new SpeakerEnd.FrameTooLarge(lengthBytes, config.maxFrameBytes()));
      case FrameReader.Found.Frame(ByteBuf body) -> decode(body);
    };
  }

  private Found<R> decode(ByteBuf body) {
    try {
      ByteBuffer bytes = body.nioBuffer();
      if (FieldCount.exceeds(config.maxFields(), bytes, dialect.empty().getDescriptorForType())) {
        return new Found.Broken<>(new SpeakerEnd.TooManyFields(config.maxFields()));
      }
      return new Found.Whole<>(dialect.parser().parseFrom(bytes), bytes.remaining());
    } catch (IOException e) {
      return new Found.Broken<>(new SpeakerEnd.CorruptMessage(String.valueOf(e.getMessage())));
    } finally {
      body.release();
    }
  }

  /// What it means that the stream ends here.
  SpeakerEnd atEnd() {
    return frames.isBetweenFrames()
        ? SpeakerEnd.Orderly.PEER_CLOSED
        : new SpeakerEnd.Truncated(frames.progress());
  }

  /// Drops what has come of a message.
  void release() {
    frames.release();
  }
}
