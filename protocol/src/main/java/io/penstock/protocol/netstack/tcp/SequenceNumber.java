package io.penstock.protocol.netstack.tcp;

/// Comparisons of 32-bit sequence numbers, which wrap (RFC 9293 section 3.4).
///
/// Right as long as two numbers are less than 2^31 apart, which a window of at most 1 GiB ensures.
final class SequenceNumber {

  private SequenceNumber() {}

  static boolean isBefore(int a, int b) {
    return a - b < 0;
  }

  static boolean isAfter(int a, int b) {
    return a - b > 0;
  }

  static boolean isAtOrBefore(int a, int b) {
    return a - b <= 0;
  }

  static boolean isAtOrAfter(int a, int b) {
    return a - b >= 0;
  }

  static int earlier(int a, int b) {
    return a - b <= 0 ? a : b;
  }

  static int later(int a, int b) {
    return a - b >= 0 ? a : b;
  }
}
