package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A SCION isolation domain and autonomous system, neither of them the wildcard 0.
///
/// ```
///   63      48 47                                  0
///  ┌──────────┬─────────────────────────────────────┐
///  │   ISD    │                 AS                  │
///  └──────────┴─────────────────────────────────────┘
/// ```
///
/// Written `16-64512`: an AS number of up to 32 bits is decimal, as in BGP; a larger one is three
/// groups of hexadecimal digits, as in `1-ff00:0:110`.
///
/// @param isd 1 to 65535
/// @param as 1 to 2^48 - 1
public record IsdAs(int isd, long as) {

  /// What may be written, for messages.
  public static final String ALLOWED =
      "an ISD-AS without wildcards such as 16-64512 or 1-ff00:0:110";

  private static final int AS_BITS = 48;
  private static final int MAX_ISD = 0xffff;
  private static final long MAX_AS = (1L << AS_BITS) - 1;
  private static final long MAX_DECIMAL_AS = 0xffff_ffffL;

  private static final Pattern FORM =
      Pattern.compile(
          "([0-9]{1,5})-(?:([0-9]{1,10})|([0-9a-f]{1,4}):([0-9a-f]{1,4}):([0-9a-f]{1,4}))");

  public IsdAs {
    if (isd < 1 || isd > MAX_ISD || as < 1 || as > MAX_AS) {
      throw new IllegalArgumentException(
          "the ISD-AS is %d-%d, allowed is %s".formatted(isd, as, ALLOWED));
    }
  }

  /// Reads the text form.
  ///
  /// @throws IllegalArgumentException when it is none, or has a wildcard
  @JsonCreator
  public static IsdAs parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      String shown = text.length() > 64 ? text.substring(0, 64) + "…" : text;
      throw new IllegalArgumentException("\"" + shown + "\" is no ISD-AS, allowed is " + ALLOWED);
    }
    int isd = Integer.parseInt(form.group(1));
    if (form.group(2) != null) {
      long decimal = Long.parseLong(form.group(2));
      // A number beyond is written in groups, so that each has one spelling.
      return new IsdAs(isd, decimal <= MAX_DECIMAL_AS ? decimal : 0);
    }
    long groups = 0;
    for (int i = 3; i <= 5; i++) {
      groups = groups << 16 | Integer.parseInt(form.group(i), 16);
    }
    return new IsdAs(isd, groups);
  }

  /// The 64 bits that go over the wire.
  public long toLong() {
    return (long) isd << AS_BITS | as;
  }

  @Override
  @JsonValue
  public String toString() {
    return as <= MAX_DECIMAL_AS
        ? isd + "-" + as
        : "%d-%x:%x:%x".formatted(isd, as >>> 32, as >>> 16 & 0xffff, as & 0xffff);
  }
}
