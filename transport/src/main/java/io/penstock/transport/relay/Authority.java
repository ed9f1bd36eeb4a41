package io.penstock.transport.relay;

import java.util.Locale;

/// The `host[:port]` of a `Host` field or an absolute request target.
public final class Authority {

  private static final int MAX_LENGTH = 512;

  private Authority() {}

  /// Says whether `text` is a host name or address with an optional port; the empty string is, as
  /// RFC 9112 section 3.2 has it.
  public static boolean isValid(String text) {
    if (text.length() > MAX_LENGTH) {
      return false;
    }
    int colon = portColon(text);
    int end = colon < 0 ? text.length() : colon;
    if (colon >= 0 && !isPort(text, colon + 1)) {
      return false;
    }
    if (text.startsWith("[")) {
      return end > 2 && text.charAt(end - 1) == ']' && allMatch(text, 1, end - 1, true);
    }
    return (end > 0 || text.isEmpty()) && allMatch(text, 0, end, false);
  }

  private static boolean allMatch(String text, int from, int to, boolean address) {
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (address ? !isAddressChar(c) : !isNameChar(c)) {
        return false;
      }
    }
    return true;
  }

  /// The host alone, in lower case, without port and without the dot of a rooted name.
  public static String host(String authority) {
    int colon = portColon(authority);
    String host = colon < 0 ? authority : authority.substring(0, colon);
    if (host.endsWith(".")) {
      host = host.substring(0, host.length() - 1);
    }
    return isLowerCase(host) ? host : host.toLowerCase(Locale.ROOT);
  }

  private static int portColon(String text) {
    int colon = text.lastIndexOf(':');
    return colon >= 0 && text.indexOf(']', colon) < 0 ? colon : -1;
  }

  private static boolean isPort(String text, int from) {
    if (text.length() - from > 5) {
      return false;
    }
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  private static boolean isLowerCase(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 'A' && c <= 'Z') {
        return false;
      }
    }
    return true;
  }

  /// Unreserved characters of RFC 3986; no percent signs, which no host name needs.
  private static boolean isNameChar(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '.'
        || c == '_';
  }

  private static boolean isAddressChar(int c) {
    return (c >= 'a' && c <= 'f')
        || (c >= 'A' && c <= 'F')
        || (c >= '0' && c <= '9')
        || c == ':'
        || c == '.';
  }
}
