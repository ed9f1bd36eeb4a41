package io.penstock.node.vpn.dns;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;

/// What is looked at of a DNS message (RFC 1035, section 4.1); the rest is passed on as it is.
///
/// ```
///   0       2       4       6       8       10      12
///  ┌───────┬───────┬───────┬───────┬───────┬───────┬──────────┬──────┬───────┬─────
///  │ id    │ flags │QD = 1 │ AN    │ NS    │ AR    │ name     │ type │ class │ …
///  └───────┴───────┴───────┴───────┴───────┴───────┴──────────┴──────┴───────┴─────
/// ```
///
/// All methods read from the reader index on and move nothing.
final class DnsMessage {

  static final int HEADER_BYTES = 12;
  static final int MAX_BYTES = 65_535;

  static final int SERVER_FAILURE = 2;
  static final int FORMAT_ERROR = 1;

  private static final int RESPONSE = 0x8000;
  private static final int TRUNCATED = 0x0200;
  private static final int RECURSION_AVAILABLE = 0x0080;

  /// Opcode and "recursion desired", which an answer repeats.
  private static final int REPEATED_FLAGS = 0x7900;

  private static final int MAX_LABEL_BYTES = 63;
  private static final int MAX_NAME_BYTES = 255;

  private DnsMessage() {}

  /// Whether it is long enough to be answered, and no answer itself.
  static boolean isQuery(ByteBuf message) {
    return message.readableBytes() >= HEADER_BYTES && (flags(message) & RESPONSE) == 0;
  }

  static int id(ByteBuf message) {
    return message.getUnsignedShort(message.readerIndex());
  }

  static void setId(ByteBuf message, int id) {
    message.setShort(message.readerIndex(), id);
  }

  private static int flags(ByteBuf message) {
    return message.getUnsignedShort(message.readerIndex() + 2);
  }

  /// The name in the only question, in lower case, without a dot at its end.
  ///
  /// @return empty when there is not exactly one question, or it is broken
  static Optional<String> name(ByteBuf message) {
    int end = questionEnd(message);
    if (end < 0) {
      return Optional.empty();
    }
    StringJoiner name = new StringJoiner(".");
    int at = message.readerIndex() + HEADER_BYTES;
    for (int length = message.getByte(at); length > 0; length = message.getByte(at)) {
      // One character for each byte, so that no two names of bytes become one of text.
      name.add(message.toString(at + 1, length, ISO_8859_1));
      at += 1 + length;
    }
    return Optional.of(name.toString().toLowerCase(Locale.ROOT));
  }

  /// The index behind the only question, or -1. Its name has no pointers, which would have nothing
  /// to point to.
  private static int questionEnd(ByteBuf message) {
    int start = message.readerIndex() + HEADER_BYTES;
    int limit = message.writerIndex();
    if (start > limit || message.getUnsignedShort(message.readerIndex() + 4) != 1) {
      return -1;
    }
    int at = start;
    while (at < limit && at - start < MAX_NAME_BYTES) {
      int length = message.getUnsignedByte(at);
      at += 1 + length;
      if (length == 0) {
        return at - start <= MAX_NAME_BYTES && at + 4 <= limit ? at + 4 : -1;
      }
      if (length > MAX_LABEL_BYTES) {
        return -1;
      }
    }
    return -1;
  }

  /// Whether a message answers a query: a response with its id and its question, letter for letter.
  static boolean answers(ByteBuf message, ByteBuf query) {
    int end = questionEnd(query);
    if (message.readableBytes() < HEADER_BYTES
        || (flags(message) & RESPONSE) == 0
        || id(message) != id(query)
        || end < 0) {
      return false;
    }
    int bytes = end - query.readerIndex() - HEADER_BYTES;
    return questionEnd(message) - message.readerIndex() - HEADER_BYTES == bytes
        && ByteBufUtil.equals(
            message,
            message.readerIndex() + HEADER_BYTES,
            query,
            query.readerIndex() + HEADER_BYTES,
            bytes);
  }

  /// An answer of our own: that it failed.
  ///
  /// @param code of RFC 1035 section 4.1.1
  static ByteBuf failure(ByteBuf query, int code) {
    return bare(query, code);
  }

  /// An answer of our own: that the whole one is to be had over TCP (RFC 2181, section 9).
  static ByteBuf truncated(ByteBuf query) {
    return bare(query, TRUNCATED);
  }

  private static ByteBuf bare(ByteBuf query, int flags) {
    int end = questionEnd(query);
    int questionBytes = end < 0 ? 0 : end - query.readerIndex() - HEADER_BYTES;
    ByteBuf answer = query.alloc().buffer(HEADER_BYTES + questionBytes);
    answer.writeShort(id(query));
    answer.writeShort(RESPONSE | RECURSION_AVAILABLE | (flags(query) & REPEATED_FLAGS) | flags);
    answer.writeShort(end < 0 ? 0 : 1);
    answer.writeZero(HEADER_BYTES - 6);
    return answer.writeBytes(query, query.readerIndex() + HEADER_BYTES, questionBytes);
  }
}
