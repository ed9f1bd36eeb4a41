package io.penstock.api.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// Collects what a record's compact constructor finds wrong with its values, so that all of it is
/// told at once.
///
/// The messages read `KEY is VALUE, allowed is ALLOWED`.
public final class Requirements {

  /// One or more values are not allowed; see [#violations].
  public static final class Unmet extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final transient Map<String, String> violations;

    private Unmet(Map<String, String> violations) {
      super(violations.values().stream().collect(Collectors.joining("; ")));
      this.violations = violations;
    }

    /// The message for each key that is wrong.
    public Map<String, String> violations() {
      return violations;
    }
  }

  private final String prefix;
  private final Map<String, String> violations = new LinkedHashMap<>();

  private Requirements(String prefix) {
    this.prefix = prefix;
  }

  /// Starts a check of the keys of one table, such as `health`; empty for the top of a file.
  public static Requirements of(String table) {
    return new Requirements(table.isEmpty() ? "" : table + ".");
  }

  /// Requires a number between two others, both included.
  public Requirements between(String key, long value, long least, long most) {
    return that(value >= least && value <= most, key, value, least + " to " + most);
  }

  /// Requires a number between two others, both included.
  public Requirements between(String key, double value, double least, double most) {
    return that(value >= least && value <= most, key, value, least + " to " + most);
  }

  /// Requires a number that is not too small.
  public Requirements atLeast(String key, long value, long least) {
    return that(value >= least, key, value, least + " or more");
  }

  /// Requires a number of bytes between two others, both included.
  public Requirements bytesBetween(String key, long value, long least, long most) {
    return that(
        value >= least && value <= most,
        key,
        ByteSizes.format(value),
        ByteSizes.format(least) + " to " + ByteSizes.format(most));
  }

  /// Requires a number of bytes that is not too small.
  public Requirements bytesAtLeast(String key, long value, long least) {
    return that(value >= least, key, ByteSizes.format(value), ByteSizes.format(least) + " or more");
  }

  /// Requires a duration between two others, both included.
  public Requirements between(String key, Duration value, Duration least, Duration most) {
    return that(
        value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
        key,
        Durations.format(value),
        Durations.format(least) + " to " + Durations.format(most));
  }

  /// Requires a duration that is not shorter than that of another key of the same table.
  public Requirements notBelow(String key, Duration value, String other, Duration least) {
    return that(
        value.compareTo(least) >= 0,
        key,
        Durations.format(value),
        "%s%s (%s) or more".formatted(prefix, other, Durations.format(least)));
  }

  /// Requires anything else.
  public Requirements that(boolean holds, String key, Object value, String allowed) {
    if (!holds) {
      violations.putIfAbsent(
          prefix + key, "%s%s is %s, allowed is %s".formatted(prefix, key, value, allowed));
    }
    return this;
  }

  /// Ends the check.
  ///
  /// @throws Unmet when anything was not as required
  public void check() {
    if (!violations.isEmpty()) {
      throw new Unmet(violations);
    }
  }
}
