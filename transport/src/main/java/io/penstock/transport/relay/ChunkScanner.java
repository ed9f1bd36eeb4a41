package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Finds its way through a chunked body (RFC 9112 section 7.1) without decoding it.
///
/// ```
///  SIZE ──► EXTENSION ──► SIZE_LF ──► DATA ──► DATA_CR ──► DATA_LF ──► SIZE
///                            └─ size 0 ─► TRAILERS ──► DONE
/// ```
///
/// Sizes have at most 15 hexadecimal digits and no sign or space, extensions are bounded and hold
/// no control characters, every line ends with CR and LF. The trailer section is held until it is
/// whole and parsed like a head.
final class ChunkScanner {

  private enum State {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILERS,
    DONE,
    FAULTY
  }

  private static final int MAX_SIZE_DIGITS = 15;

  /// Nobody uses extensions; this is more than any that was ever specified.
  private static final int MAX_EXTENSION_BYTES = 256;

  /// Over the whole body, so that one-byte chunks with extensions do not amplify.
  private static final int MAX_EXTENSIONS_BYTES = 16 * 1024;

  private static final int MAX_TRAILER_BYTES = 16 * 1024;
  private static final int MAX_TRAILERS = 64;

  private State state = State.SIZE;
  private long size;
  private int digits;
  private int extensionBytes;
  private int allExtensionBytes;
  private boolean lastStepWasData;
  private byte[] trailers = {};
  private int trailerBytes;
  private @Nullable HttpHead parsed;

  /// Advances over the bytes from `i` to at most `end` and returns where it stopped, always after
  /// `i`.
  int step(ByteBuf in, int i, int end) {
    lastStepWasData = false;
    if (state == State.DATA) {
      lastStepWasData = true;
      long run = Math.min(size, end - i);
      size -= run;
      if (size == 0) {
        state = State.DATA_CR;
      }
      return i + (int) run;
    }
    state = next(in.getByte(i));
    return i + 1;
  }

  boolean lastStepWasData() {
    return lastStepWasData;
  }

  boolean isOpen() {
    return state != State.DONE && state != State.FAULTY;
  }

  boolean isFaulty() {
    return state == State.FAULTY;
  }

  /// Says whether the next byte belongs to the section that is held.
  boolean inTrailers() {
    return state == State.TRAILERS;
  }

  /// Says whether the trailer section has any field.
  boolean hasTrailers() {
    return parsed != null;
  }

  /// The fields of the trailer section that may be sent on, or null when there is none.
  @Nullable HttpHead trailers() {
    return parsed;
  }

  /// The trailer section to be sent on, empty line included.
  ByteBuf writeTrailers(ByteBufAllocator allocator) {
    ByteBuf out = allocator.buffer(trailerBytes + 2);
    if (parsed != null) {
      parsed.writeFields(out);
    }
    HeadWriter.end(out);
    return out;
  }

  private State next(byte b) {
    return switch (state) {
      case SIZE -> sizeByte(b);
      case EXTENSION -> extensionByte(b);
      case SIZE_LF -> b == '\n' ? sizeEnded() : State.FAULTY;
      case DATA_CR -> b == '\r' ? State.DATA_LF : State.FAULTY;
      case DATA_LF -> b == '\n' ? State.SIZE : State.FAULTY;
      case TRAILERS -> trailerByte(b);
      case DATA, DONE, FAULTY -> throw new IllegalStateException("no framing byte in " + state);
    };
  }

  private State sizeByte(byte b) {
    int digit = HttpChars.hex(b);
    if (digit >= 0) {
      size = size << 4 | digit;
      return ++digits <= MAX_SIZE_DIGITS ? State.SIZE : State.FAULTY;
    }
    if (digits == 0) {
      return State.FAULTY;
    }
    extensionBytes = 0;
    return switch (b) {
      case '\r' -> State.SIZE_LF;
      case ';' -> State.EXTENSION;
      default -> State.FAULTY;
    };
  }

  private State extensionByte(byte b) {
    if (b == '\r') {
      return State.SIZE_LF;
    }
    extensionBytes++;
    allExtensionBytes++;
    boolean fits =
        extensionBytes <= MAX_EXTENSION_BYTES && allExtensionBytes <= MAX_EXTENSIONS_BYTES;
    return fits && HttpChars.isValue(b) ? State.EXTENSION : State.FAULTY;
  }

  private State sizeEnded() {
    digits = 0;
    return size == 0 ? State.TRAILERS : State.DATA;
  }

  private State trailerByte(byte b) {
    if (trailerBytes == trailers.length) {
      if (trailerBytes == MAX_TRAILER_BYTES) {
        return State.FAULTY;
      }
      trailers = Arrays.copyOf(trailers, Math.max(16, trailerBytes * 2));
    }
    trailers[trailerBytes++] = b;
    if (b != '\n') {
      return State.TRAILERS;
    }
    if (trailerBytes < 2 || trailers[trailerBytes - 2] != '\r') {
      return State.FAULTY;
    }
    if (trailerBytes == 2) {
      return State.DONE;
    }
    boolean ended = trailers[trailerBytes - 3] == '\n' && trailers[trailerBytes - 4] == '\r';
    return ended ? parseTrailers() : State.TRAILERS;
  }

  private State parseTrailers() {
    HeadReader.Limits limits = new HeadReader.Limits(MAX_TRAILER_BYTES, MAX_TRAILERS, 0);
    HttpHead head = new HttpHead();
    HeadParser parser = new HeadParser(HeadReader.Kind.REQUEST, limits);
    if (parser.parseTrailers(head, trailers, trailerBytes) != null) {
      return State.FAULTY;
    }
    head.dropForbiddenInTrailer();
    parsed = head;
    return State.DONE;
  }
}
