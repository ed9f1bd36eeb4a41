package io.penstock.testkit;

/// Runs a randomised test with a series of seeds, and names the seed with which it failed.
///
/// The series is the same in every run. With `-Dpenstock.seed=N` a test runs with that seed alone.
public final class Seeds {

  private static final String PROPERTY = "penstock.seed";

  /// A test that draws everything random from its seed.
  @FunctionalInterface
  public interface SeededTest {
    void run(long seed) throws Exception;
  }

  private Seeds() {}

  /// Runs `test` with the seeds from 1 to `count`.
  public static void forEach(int count, SeededTest test) {
    Long only = Long.getLong(PROPERTY);
    if (only != null) {
      runWith(only, test);
      return;
    }
    for (long seed = 1; seed <= count; seed++) {
      runWith(seed, test);
    }
  }

  /// Runs `test` once with `seed`.
  public static void runWith(long seed, SeededTest test) {
    try {
      test.run(seed);
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "failed with seed %d, replay with -D%s=%d: %s"
              .formatted(seed, PROPERTY, seed, e.getMessage()),
          e);
    }
  }
}
