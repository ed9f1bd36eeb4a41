package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Passes one body on by its framing: finds its end in a byte stream, checks chunk framing, and
/// changes the framing where the receiver needs another.
///
/// Bytes travel as they came: a body with a length and a chunked body that stays chunked are passed
/// on without a copy. Trailers are held until they are whole (bounded), so that no field passes in
/// them that may not. Each direction of an exchange has one; it is not thread-safe.
public final class BodyRelay {

  /// How a body ends on the side that it comes from.
  public enum Source {
    /// There is none.
    NONE,
    /// After a number of bytes.
    LENGTH,
    /// By its last chunk and trailers.
    CHUNKED,
    /// When the sender ends its stream.
    UNTIL_END
  }

  /// How the receiver wants it.
  public enum Target {
    /// In the framing of the source.
    SAME,
    /// Without framing: the end of our stream ends it.
    PLAIN,
    /// In chunks, where the source has none.
    CHUNKS
  }

  /// Takes the bytes that are to be sent; owns each buffer.
  @FunctionalInterface
  public interface Output {
    void write(ByteBuf bytes);
  }

  private enum State {
    OPEN,
    DONE,
    FAULTY
  }

  private static final int LAST_CHUNK_BYTES = 5;

  private final Source source;
  private final Target target;
  private final @Nullable ChunkScanner chunks;
  private long remaining;
  private long payloadBytes;
  private State state = State.OPEN;

  private BodyRelay(Source source, Target target, long length) {
    this.source = source;
    this.target = target;
    this.remaining = length;
    this.chunks = source == Source.CHUNKED ? new ChunkScanner() : null;
    if (source == Source.NONE || (source == Source.LENGTH && length == 0)) {
      state = State.DONE;
    }
  }

  /// A body that is not there.
  public static BodyRelay none() {
    return new BodyRelay(Source.NONE, Target.SAME, 0);
  }

  /// A body of `length` bytes.
  public static BodyRelay ofLength(long length) {
    return new BodyRelay(Source.LENGTH, Target.SAME, length);
  }

  /// A chunked body, passed on in chunks ([Target#SAME]) or without ([Target#PLAIN]).
  public static BodyRelay ofChunks(Target target) {
    return new BodyRelay(Source.CHUNKED, target, 0);
  }

  /// A body that lasts until its sender ends, passed on so ([Target#PLAIN]) or in chunks
  /// ([Target#CHUNKS]).
  public static BodyRelay untilEnd(Target target) {
    return new BodyRelay(Source.UNTIL_END, target, 0);
  }

  /// The body that follows a request head, to be passed on in its own framing.
  public static BodyRelay ofRequest(HttpHead head) {
    if (head.isChunked()) {
      return ofChunks(Target.SAME);
    }
    return head.contentLength() > 0 ? ofLength(head.contentLength()) : none();
  }

  /// The body that follows a response head, to be read without its framing.
  ///
  /// @param toHead the request was `HEAD`
  public static BodyRelay ofResponse(HttpHead head, boolean toHead) {
    return ofResponse(head, toHead, Target.PLAIN, Target.PLAIN);
  }

  /// The body that follows a request head, to be read without its framing.
  public static BodyRelay ofUnframedRequest(HttpHead head) {
    return head.isChunked() ? ofChunks(Target.PLAIN) : ofRequest(head);
  }

  /// The rules of RFC 9112 section 6.3.
  static BodyRelay ofResponse(HttpHead head, boolean toHead, Target ofChunks, Target ofUnframed) {
    if (toHead || head.status() == 204 || head.status() == 304) {
      return none();
    }
    if (head.isChunked()) {
      return ofChunks(ofChunks);
    }
    if (head.contentLength() != HttpHead.NO_LENGTH) {
      return ofLength(head.contentLength());
    }
    return untilEnd(ofUnframed);
  }

  /// Takes the bytes of this body and hands what is to be sent to `out`.
  ///
  /// It owns `in`; what follows the end of the body comes back, owned by the caller, or null.
  public @Nullable ByteBuf accept(ByteBuf in, Output out) {
    if (state != State.OPEN) {
      return remainder(in);
    }
    return switch (source) {
      case NONE -> remainder(in);
      case LENGTH -> acceptLength(in, out);
      case CHUNKED -> acceptChunks(in, out);
      case UNTIL_END -> acceptAll(in, out);
    };
  }

  /// Says that the sender has ended its stream; returns whether the body is whole by that.
  public boolean sourceEnded(Output out, ByteBufAllocator allocator) {
    if (state == State.OPEN && source == Source.UNTIL_END) {
      state = State.DONE;
      if (target == Target.CHUNKS) {
        ByteBuf last = allocator.buffer(LAST_CHUNK_BYTES);
        ByteBufUtil.writeAscii(last, "0\r\n\r\n");
        out.write(last);
      }
    }
    return state == State.DONE;
  }

  /// Says whether the whole body has passed.
  public boolean isDone() {
    return state == State.DONE;
  }

  /// Says whether the framing of the body is malformed, so that nothing after it can be trusted.
  public boolean isFaulty() {
    return state == State.FAULTY;
  }

  /// The trailers of a chunked body that has passed; null when there are none.
  public @Nullable HttpHead trailers() {
    return chunks == null ? null : chunks.trailers();
  }

  /// Payload that has passed, without framing.
  public long payloadBytes() {
    return payloadBytes;
  }

  public Source source() {
    return source;
  }

  private static @Nullable ByteBuf remainder(ByteBuf in) {
    if (in.isReadable()) {
      return in;
    }
    in.release();
    return null;
  }

  private @Nullable ByteBuf acceptLength(ByteBuf in, Output out) {
    int readable = in.readableBytes();
    if (readable < remaining) {
      remaining -= readable;
      payloadBytes += readable;
      out.write(in);
      return null;
    }
    int last = (int) remaining;
    remaining = 0;
    payloadBytes += last;
    state = State.DONE;
    if (readable == last) {
      out.write(in);
      return null;
    }
    out.write(in.readRetainedSlice(last));
    return in;
  }

  private @Nullable ByteBuf acceptAll(ByteBuf in, Output out) {
    int readable = in.readableBytes();
    payloadBytes += readable;
    if (target != Target.CHUNKS || readable == 0) {
      out.write(in);
      return null;
    }
    ByteBuf size = in.alloc().buffer(10);
    ByteBufUtil.writeAscii(size, Integer.toHexString(readable));
    size.writeShort(HeadWriter.CRLF);
    out.write(size);
    out.write(in);
    out.write(in.alloc().buffer(2).writeShort(HeadWriter.CRLF));
    return null;
  }

  private @Nullable ByteBuf acceptChunks(ByteBuf in, Output out) {
    ChunkScanner scanner = Objects.requireNonNull(chunks);
    boolean heldBefore = scanner.inTrailers();
    int passFrom = in.readerIndex();
    int holdFrom = -1;
    int end = in.writerIndex();
    int i = passFrom;
    while (i < end && scanner.isOpen()) {
      if (holdFrom < 0 && target == Target.SAME && scanner.inTrailers()) {
        holdFrom = i;
      }
      int next = scanner.step(in, i, end);
      if (scanner.lastStepWasData()) {
        payloadBytes += next - i;
      } else if (target == Target.PLAIN) {
        pass(in, passFrom, i, out);
        passFrom = next;
      }
      i = next;
    }
    if (scanner.isFaulty()) {
      state = State.FAULTY;
      in.release();
      return null;
    }
    if (!scanner.isOpen()) {
      state = State.DONE;
    }
    if (holdFrom >= 0 && (state == State.OPEN || heldBefore || scanner.hasTrailers())) {
      pass(in, passFrom, holdFrom, out);
      if (state == State.DONE) {
        out.write(scanner.writeTrailers(in.alloc()));
      }
      in.readerIndex(i);
      return remainder(in);
    }
    if (passFrom == in.readerIndex() && i == end && i > passFrom) {
      out.write(in);
      return null;
    }
    pass(in, passFrom, i, out);
    in.readerIndex(i);
    return remainder(in);
  }

  private static void pass(ByteBuf in, int from, int to, Output out) {
    if (to > from) {
      out.write(in.retainedSlice(from, to - from));
    }
  }
}
