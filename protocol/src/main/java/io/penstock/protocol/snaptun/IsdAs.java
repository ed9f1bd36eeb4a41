package io.penstock.protocol.snaptun;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The number of a SCION autonomous system together with its isolation domain, as one `long`: the
/// ISD in the upper 16 bits, the AS in the lower 48.
///
/// The overlay has no SCION beneath it; the number is there because the wire asks for one.
public final class IsdAs {

  /// Stands for any, and is refused wherever a concrete one is wanted.
  public static final long WILDCARD = 0;

  private static final int AS_BITS = 48;
  private static final long AS_MASK = (1L << AS_BITS) - 1;
  private static final long LAST_BGP_AS = 0xffff_ffffL;
  private static final Pattern TEXT =
      Pattern.compile("(\\d{1,5})-(?:(\\d{1,10})|([0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){2}))");

  private IsdAs() {}

  /// Puts both parts together.
  ///
  /// @param isd 0 to 65535
  /// @param as 0 to 2^48 - 1
  public static long of(int isd, long as) {
    if (isd < 0 || isd > 0xffff || as < 0 || as > AS_MASK) {
      throw new IllegalArgumentException(
          "ISD " + isd + " AS " + as + ", allowed are 0 to 65535 and 0 to 2^48 - 1");
    }
    return ((long) isd << AS_BITS) | as;
  }

  /// Whether either half is 0, which stands for any.
  public static boolean isWildcard(long isdAs) {
    return isdAs >>> AS_BITS == 0 || (isdAs & AS_MASK) == 0;
  }

  /// Reads `1-ff00:0:110` or `1-64512`.
  ///
  /// @throws IllegalArgumentException if the text is neither
  public static long parse(String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "ISD-AS is " + text + ", allowed is a text such as 1-64512 or 1-ff00:0:110");
    }
    int isd = Integer.parseInt(parts.group(1));
    if (parts.group(2) != null) {
      long as = Long.parseLong(parts.group(2));
      if (as > LAST_BGP_AS) {
        throw new IllegalArgumentException("AS is " + as + ", allowed is 0 to " + LAST_BGP_AS);
      }
      return of(isd, as);
    }
    long as = 0;
    for (String group : parts.group(3).split(":", -1)) {
      as = (as << 16) | Integer.parseInt(group, 16);
    }
    return of(isd, as);
  }

  /// Writes `1-ff00:0:110`, or `1-64512` where the AS fits into 32 bits.
  public static String format(long isdAs) {
    long isd = isdAs >>> AS_BITS;
    long as = isdAs & AS_MASK;
    if (as <= LAST_BGP_AS) {
      return isd + "-" + as;
    }
    return "%d-%x:%x:%x".formatted(isd, as >>> 32, (as >>> 16) & 0xffff, as & 0xffff);
  }
}
