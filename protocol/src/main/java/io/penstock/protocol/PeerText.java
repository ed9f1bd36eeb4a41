package io.penstock.protocol;

/// What a peer says, made fit for a log or an error message.
public final class PeerText {

  private PeerText() {}

  /// Returns at most `maxChars` characters of the text, each control character as a question mark.
  public static String printable(String text, int maxChars) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .limit(maxChars)
        .map(c -> Character.isISOControl(c) ? '?' : c)
        .forEach(out::appendCodePoint);
    return out.toString();
  }
}
