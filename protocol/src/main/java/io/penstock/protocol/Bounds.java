package io.penstock.protocol;

/// Checks the settings of an engine or its driver when they are made.
///
/// The messages read `KEY is VALUE, allowed is ALLOWED`, as those of a configuration file do.
public final class Bounds {

  private Bounds() {}

  /// Requires a number between two others, both included.
  ///
  /// @throws IllegalArgumentException when it is not
  public static void requireBetween(String key, long value, long least, long most) {
    require(value >= least && value <= most, key, value, least + " to " + most);
  }

  /// Requires a number that is not too small.
  ///
  /// @throws IllegalArgumentException when it is
  public static void requireAtLeast(String key, long value, long least) {
    require(value >= least, key, value, least + " or more");
  }

  /// Requires anything else.
  ///
  /// @throws IllegalArgumentException when it does not hold
  public static void require(boolean holds, String key, long value, String allowed) {
    if (!holds) {
      throw new IllegalArgumentException(key + " is " + value + ", allowed is " + allowed);
    }
  }
}
