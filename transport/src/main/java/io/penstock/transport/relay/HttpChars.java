package io.penstock.transport.relay;

/// The character classes of RFC 9110 section 5.
final class HttpChars {

  private static final boolean[] TOKEN = new boolean[256];
  private static final boolean[] VALUE = new boolean[256];

  static {
    for (char c = 0; c < 256; c++) {
      boolean alphanumeric =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      TOKEN[c] = alphanumeric || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
      VALUE[c] = c == '\t' || (c >= ' ' && c != 0x7f);
    }
  }

  private HttpChars() {}

  /// tchar.
  static boolean isToken(byte b) {
    return TOKEN[b & 0xff];
  }

  /// field-vchar, obs-text, space and tab.
  static boolean isValue(byte b) {
    return VALUE[b & 0xff];
  }

  /// Visible ASCII, of which a request target consists.
  static boolean isVisible(byte b) {
    return b > ' ' && b < 0x7f;
  }

  static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  /// The value of a hexadecimal digit, or -1.
  static int hex(byte b) {
    if (b >= '0' && b <= '9') {
      return b - '0';
    }
    int lower = b | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }
}
