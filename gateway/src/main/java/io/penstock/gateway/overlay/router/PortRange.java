package io.penstock.gateway.overlay.router;

/// A range of destination ports, both ends included.
public record PortRange(int first, int last) {

  private static final int MAX_PORT = 65_535;

  public PortRange {
    if (first < 1 || last > MAX_PORT || first > last) {
      throw new IllegalArgumentException(
          "ports is " + first + "-" + last + ", allowed is FIRST-LAST within 1 to 65535");
    }
  }

  /// Reads `443` or `8000-8100`.
  public static PortRange parse(String text) {
    int dash = text.indexOf('-');
    try {
      int first = Integer.parseInt(dash < 0 ? text : text.substring(0, dash));
      return new PortRange(first, dash < 0 ? first : Integer.parseInt(text.substring(dash + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "ports is \"" + text + "\", allowed is PORT or FIRST-LAST within 1 to 65535", e);
    }
  }

  boolean contains(int port) {
    return port >= first && port <= last;
  }
}
