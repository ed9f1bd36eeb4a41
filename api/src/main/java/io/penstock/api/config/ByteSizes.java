package io.penstock.api.config;

import java.math.BigInteger;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Numbers of bytes as people write them: `65536`, `64KiB`, `4MiB`, `10MB`.
public final class ByteSizes {

  /// What may be written, for messages.
  public static final String ALLOWED =
      "a number of bytes, or a size with its unit (B, KiB, MiB, GiB, kB, MB, GB) such as 64KiB";

  private static final long KIBI = 1024;
  private static final long KILO = 1000;
  private static final Map<String, Long> UNITS =
      Map.of(
          "",
          1L,
          "B",
          1L,
          "KiB",
          KIBI,
          "MiB",
          KIBI * KIBI,
          "GiB",
          KIBI * KIBI * KIBI,
          "kB",
          KILO,
          "MB",
          KILO * KILO,
          "GB",
          KILO * KILO * KILO);
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,18}) ?([A-Za-z]{0,3})");

  private ByteSizes() {}

  /// Reads a size.
  ///
  /// @throws IllegalArgumentException when it is none, with what is allowed
  public static long parse(String text) {
    Matcher size = SIZE.matcher(text.strip());
    Long unit = size.matches() ? UNITS.get(size.group(2)) : null;
    if (unit == null) {
      throw new IllegalArgumentException("allowed is " + ALLOWED);
    }
    BigInteger bytes = new BigInteger(size.group(1)).multiply(BigInteger.valueOf(unit));
    if (bytes.bitLength() > 63) {
      throw new IllegalArgumentException("allowed is " + ALLOWED);
    }
    return bytes.longValueExact();
  }

  /// Writes a size so that [#parse] reads it, in the largest binary unit that fits exactly.
  public static String format(long bytes) {
    for (String unit : new String[] {"GiB", "MiB", "KiB"}) {
      long size = UNITS.getOrDefault(unit, 1L);
      if (bytes != 0 && bytes % size == 0) {
        return bytes / size + unit;
      }
    }
    return bytes + "B";
  }
}
