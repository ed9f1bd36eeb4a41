package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;

/// An IP address in its one spelling: four decimal numbers, or RFC 5952.
///
/// It has neither a zone nor a name, and an IPv6 address that stands for an IPv4 one
/// (`::ffff:0:0/96`) is none.
///
/// @param inet the JDK's form, for sockets
public record IpAddress(InetAddress inet) implements Comparable<IpAddress> {

  private static final String ALLOWED = "allowed is an IPv4 or IPv6 address";

  /// Each number without a leading zero, which some read as octal.
  private static final Pattern FOUR_NUMBERS =
      Pattern.compile("(?:(?:0|[1-9][0-9]{0,2})\\.){3}(?:0|[1-9][0-9]{0,2})");

  private static final Pattern GROUPS = Pattern.compile("[0-9A-Fa-f:]{2,39}");

  /// Drops the name that the JDK may have kept with the address.
  public IpAddress {
    inet = ofBytes(inet.getAddress());
  }

  /// The address with these 4 or 16 bytes.
  ///
  /// @throws IllegalArgumentException when there are more or fewer
  public static IpAddress of(byte[] bytes) {
    return new IpAddress(ofBytes(bytes));
  }

  /// Reads an address.
  ///
  /// @throws IllegalArgumentException when it is none, with the text and what is allowed
  @JsonCreator
  public static IpAddress parse(String text) {
    boolean plausible =
        text.indexOf(':') < 0
            ? FOUR_NUMBERS.matcher(text).matches()
            : GROUPS.matcher(text).matches();
    if (plausible) {
      try {
        InetAddress inet = InetAddress.ofLiteral(text);
        if (inet instanceof Inet6Address || text.indexOf(':') < 0) {
          return new IpAddress(inet);
        }
      } catch (IllegalArgumentException _) {
        // The exception below says it in our words.
      }
    }
    String shown = text.length() > 64 ? text.substring(0, 64) + "…" : text;
    throw new IllegalArgumentException("\"" + shown + "\" is no address, " + ALLOWED);
  }

  public IpFamily family() {
    return inet instanceof Inet4Address ? IpFamily.IPV4 : IpFamily.IPV6;
  }

  /// Its 4 or 16 bytes, in a new array.
  public byte[] bytes() {
    return inet.getAddress();
  }

  /// Whether it is `0.0.0.0` or `::`, which mean no address, or any.
  public boolean isUnspecified() {
    return inet.isAnyLocalAddress();
  }

  /// Addresses as numbers, IPv4 before IPv6.
  @Override
  public int compareTo(IpAddress other) {
    int families = family().compareTo(other.family());
    return families != 0 ? families : Arrays.compareUnsigned(bytes(), other.bytes());
  }

  @Override
  @JsonValue
  public String toString() {
    return inet instanceof Inet6Address ? groups(inet.getAddress()) : inet.getHostAddress();
  }

  /// Lower case, no leading zeros, and `::` for the longest run of at least two groups of zeros,
  /// the first of several (RFC 5952, section 4).
  private static String groups(byte[] bytes) {
    int[] groups = new int[8];
    for (int i = 0; i < groups.length; i++) {
      groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
    }
    int start = -1;
    int length = 1;
    for (int i = 0; i < groups.length; i++) {
      int run = 0;
      while (i + run < groups.length && groups[i + run] == 0) {
        run++;
      }
      if (run > length) {
        start = i;
        length = run;
      }
      i += run;
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < groups.length; i++) {
      if (i == start) {
        text.append("::");
        i += length - 1;
      } else {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }

  private static InetAddress ofBytes(byte[] bytes) {
    try {
      InetAddress inet = InetAddress.getByAddress(bytes);
      if (inet.getAddress().length == bytes.length) {
        return inet;
      }
      throw new IllegalArgumentException("the address stands for an IPv4 address, " + ALLOWED);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "an address has " + bytes.length + " bytes, allowed is 4 or 16", e);
    }
  }
}
