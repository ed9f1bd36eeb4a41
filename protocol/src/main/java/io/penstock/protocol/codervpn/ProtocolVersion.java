package io.penstock.protocol.codervpn;

import io.penstock.protocol.Bounds;
import java.util.Comparator;
import java.util.Optional;

/// A version of the protocol: whoever speaks it speaks all earlier ones of the same major number.
///
/// @param major 1 to 999,999,999
/// @param minor 0 to 999,999,999
public record ProtocolVersion(int major, int minor) implements Comparable<ProtocolVersion> {

  /// The first one.
  public static final ProtocolVersion V1_0 = new ProtocolVersion(1, 0);

  /// Since this one a start request tells of the device.
  public static final ProtocolVersion V1_1 = new ProtocolVersion(1, 1);

  /// Since this one agents have a last ping.
  public static final ProtocolVersion V1_2 = new ProtocolVersion(1, 2);

  /// Since this one a manager may say that the machine has slept.
  public static final ProtocolVersion V1_3 = new ProtocolVersion(1, 3);

  /// Stricter than the originals, which take 19 or 20 digits: nine are a number in any language.
  private static final int MAX_DIGITS = 9;

  private static final int MAX_NUMBER = 999_999_999;

  private static final Comparator<ProtocolVersion> ORDER =
      Comparator.comparingInt(ProtocolVersion::major).thenComparingInt(ProtocolVersion::minor);

  /// @throws IllegalArgumentException when a number is out of bounds
  public ProtocolVersion {
    Bounds.requireBetween("major", major, 1, MAX_NUMBER);
    Bounds.requireBetween("minor", minor, 0, MAX_NUMBER);
  }

  /// Reads `major.minor`, digits only; empty when the text is something else or the major number 0.
  public static Optional<ProtocolVersion> parse(String text) {
    int dot = text.indexOf('.');
    if (dot < 0) {
      return Optional.empty();
    }
    int major = number(text.substring(0, dot));
    int minor = number(text.substring(dot + 1));
    return major < 1 || minor < 0
        ? Optional.empty()
        : Optional.of(new ProtocolVersion(major, minor));
  }

  /// Returns the number, or -1 if the text is none.
  private static int number(String digits) {
    if (digits.isEmpty()
        || digits.length() > MAX_DIGITS
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return -1;
    }
    return Integer.parseInt(digits);
  }

  /// Whether whoever speaks this version knows what came with `other`.
  public boolean includes(ProtocolVersion other) {
    return major == other.major && minor >= other.minor;
  }

  @Override
  public int compareTo(ProtocolVersion other) {
    return ORDER.compare(this, other);
  }

  /// As in the header.
  @Override
  public String toString() {
    return major + "." + minor;
  }
}
