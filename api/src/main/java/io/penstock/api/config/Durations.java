package io.penstock.api.config;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Durations as people write them: `500ms`, `5s`, `10m`, `1h30m`, `30d`.
public final class Durations {

  /// What may be written, for messages.
  public static final String ALLOWED =
      "a duration with its unit (ms, s, m, h, d) such as 500ms, 5s, 10m or 1h30m";

  private static final Pattern PART = Pattern.compile("([0-9]{1,12})(ms|s|m|h|d)");
  private static final Pattern WHOLE = Pattern.compile("(" + PART.pattern() + ")+");

  private Durations() {}

  /// Reads a duration.
  ///
  /// @throws IllegalArgumentException when it is none, with what is allowed
  public static Duration parse(String text) {
    String trimmed = text.strip();
    if (trimmed.length() > 64 || !WHOLE.matcher(trimmed).matches()) {
      throw new IllegalArgumentException(
          "\"%.64s\" is no duration, allowed is %s".formatted(text, ALLOWED));
    }
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(trimmed);
    while (part.find()) {
      long amount = Long.parseLong(part.group(1));
      sum =
          sum.plus(
              switch (part.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
              });
    }
    return sum;
  }

  /// Writes a duration so that [#parse] reads it, to the millisecond.
  public static String format(Duration duration) {
    if (duration.isZero()) {
      return "0s";
    }
    StringBuilder text = new StringBuilder(duration.isNegative() ? "-" : "");
    Duration positive = duration.abs();
    append(text, positive.toDaysPart(), "d");
    append(text, positive.toHoursPart(), "h");
    append(text, positive.toMinutesPart(), "m");
    append(text, positive.toSecondsPart(), "s");
    append(text, positive.toMillisPart(), "ms");
    return text.isEmpty() ? duration.toNanos() + "ns" : text.toString();
  }

  private static void append(StringBuilder text, long amount, String unit) {
    if (amount != 0) {
      text.append(amount).append(unit);
    }
  }
}
