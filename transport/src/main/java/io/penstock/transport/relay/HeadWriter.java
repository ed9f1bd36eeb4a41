package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/// Appends the parts of a head to a buffer.
public final class HeadWriter {

  static final int CRLF = '\r' << 8 | '\n';

  private static final int COLON_SPACE = ':' << 8 | ' ';

  private HeadWriter() {}

  /// Appends one field.
  ///
  /// @param value without carriage return or line feed: it has been checked or is our own
  public static void field(ByteBuf out, String name, CharSequence value) {
    ByteBufUtil.writeAscii(out, name);
    out.writeShort(COLON_SPACE);
    latin1(out, value);
    out.writeShort(CRLF);
  }

  /// Says whether `name` is a token, and so can be a field name or a method.
  public static boolean isToken(String name) {
    return !name.isEmpty() && name.chars().allMatch(c -> c < 0x80 && HttpChars.isToken((byte) c));
  }

  /// Says whether `value` can stand in a field: Latin-1 without control characters but the tab.
  public static boolean isValue(String value) {
    return value.chars().allMatch(c -> c < 0x100 && HttpChars.isValue((byte) c));
  }

  /// Appends a length field.
  public static void contentLength(ByteBuf out, long length) {
    field(out, KnownField.CONTENT_LENGTH.text(), Long.toString(length));
  }

  /// Appends the field that announces chunks.
  public static void chunked(ByteBuf out) {
    field(out, KnownField.TRANSFER_ENCODING.text(), "chunked");
  }

  /// Appends the empty line after the fields.
  public static void end(ByteBuf out) {
    out.writeShort(CRLF);
  }

  /// Appends text that came from a head, byte for byte as it was read.
  public static void latin1(ByteBuf out, CharSequence text) {
    // It writes every character up to 255 as one byte, whatever its name says.
    ByteBufUtil.writeAscii(out, text);
  }
}
