package io.penstock.protocol.snaptun;

import java.nio.charset.StandardCharsets;

/// Splits the head of an HTTP/1 message into its lines, whatever pieces it comes in.
///
/// It takes what the original's parser takes: lines that end in LF or CR LF, empty lines before the
/// first, at most [SnapTun#MAX_HEADERS] headers, no folding, no blank before a colon. What it does
/// not take stays malformed; nothing is told to the peer before the stream ends or is full.
final class HeadScanner {

  enum Progress {
    PARTIAL,
    COMPLETE,
    MALFORMED
  }

  /// Takes the lines as they are found; positions are in the array that was scanned.
  interface Lines {

    /// Takes the first line and says whether it is one.
    boolean startLine(byte[] bytes, int from, int to);

    /// Takes a header, its value without surrounding blanks.
    void header(byte[] bytes, Span name, Span value);
  }

  record Span(int from, int to) {

    boolean is(byte[] bytes, String text) {
      return to - from == text.length() && startsWith(bytes, text);
    }

    boolean startsWith(byte[] bytes, String text) {
      if (to - from < text.length()) {
        return false;
      }
      for (int i = 0; i < text.length(); i++) {
        if (bytes[from + i] != text.charAt(i)) {
          return false;
        }
      }
      return true;
    }

    String text(byte[] bytes) {
      return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }
  }

  private final Lines lines;
  private Progress progress = Progress.PARTIAL;
  private int lineStart;
  private int scanned;
  private int headers = -1; // -1 until the first line has come

  HeadScanner(Lines lines) {
    this.lines = lines;
  }

  /// Looks at what has been added; `bytes` holds everything from the beginning of the message.
  Progress scan(byte[] bytes, int length) {
    while (progress == Progress.PARTIAL && scanned < length) {
      if (bytes[scanned++] == '\n') {
        int end = scanned - 1;
        line(bytes, lineStart, end > lineStart && bytes[end - 1] == '\r' ? end - 1 : end);
        lineStart = scanned;
      }
    }
    return progress;
  }

  /// Where the body begins, once the head is complete.
  int bodyOffset() {
    return lineStart;
  }

  private void line(byte[] bytes, int from, int to) {
    if (from == to) {
      progress = headers < 0 ? Progress.PARTIAL : Progress.COMPLETE;
    } else if (headers < 0) {
      headers = 0;
      progress = lines.startLine(bytes, from, to) ? Progress.PARTIAL : Progress.MALFORMED;
    } else if (++headers > SnapTun.MAX_HEADERS || !header(bytes, from, to)) {
      progress = Progress.MALFORMED;
    }
  }

  private boolean header(byte[] bytes, int from, int to) {
    int colon = from;
    while (colon < to && isToken(bytes[colon])) {
      colon++;
    }
    if (colon == from || colon == to || bytes[colon] != ':') {
      return false;
    }
    int valueFrom = colon + 1;
    int valueTo = to;
    while (valueFrom < valueTo && isBlank(bytes[valueFrom])) {
      valueFrom++;
    }
    while (valueTo > valueFrom && isBlank(bytes[valueTo - 1])) {
      valueTo--;
    }
    for (int i = valueFrom; i < valueTo; i++) {
      if (!isValue(bytes[i])) {
        return false;
      }
    }
    lines.header(bytes, new Span(from, colon), new Span(valueFrom, valueTo));
    return true;
  }

  /// Whether the byte may stand in a method or the name of a header (RFC 9110 5.6.2).
  static boolean isToken(byte b) {
    return (b >= '0' && b <= '9')
        || (b >= 'A' && b <= 'Z')
        || (b >= 'a' && b <= 'z')
        || (b > ' ' && "!#$%&'*+-.^_`|~".indexOf(b) >= 0);
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  private static boolean isValue(byte b) {
    return b == '\t' || b < 0 || (b >= ' ' && b != 0x7f);
  }
}
