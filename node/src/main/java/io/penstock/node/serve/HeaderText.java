package io.penstock.node.serve;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Text in a header field that takes ASCII alone: as it is, or as words in Q encoding (RFC 2047).
///
/// Half of a surrogate pair is no text; then there is none.
final class HeaderText {

  /// > An 'encoded-word' may not be more than 75 characters long (RFC 2047 section 2)
  private static final int MAX_WORD = 75;

  private static final String START = "=?utf-8?q?";
  private static final String END = "?=";

  private HeaderText() {}

  static String encode(String text) {
    if (text.chars().allMatch(c -> c == '\t' || (c >= ' ' && c < 0x7f))) {
      return text;
    }
    if (text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      return "";
    }
    StringBuilder all = new StringBuilder(START);
    int wordStart = 0;
    for (int at = 0; at < text.length(); ) {
      int point = text.codePointAt(at);
      at += Character.charCount(point);
      String encoded = encode(point);
      if (all.length() - wordStart + encoded.length() + END.length() > MAX_WORD) {
        all.append(END).append(' ');
        wordStart = all.length();
        all.append(START);
      }
      all.append(encoded);
    }
    return all.append(END).toString();
  }

  private static String encode(int point) {
    if (point == ' ') {
      return "_";
    }
    boolean plain = point > ' ' && point < 0x7f && point != '=' && point != '?' && point != '_';
    if (plain) {
      return Character.toString(point);
    }
    StringBuilder escaped = new StringBuilder();
    for (byte b : Character.toString(point).getBytes(StandardCharsets.UTF_8)) {
      escaped.append('=').append(String.format(Locale.ROOT, "%02X", b));
    }
    return escaped.toString();
  }
}
