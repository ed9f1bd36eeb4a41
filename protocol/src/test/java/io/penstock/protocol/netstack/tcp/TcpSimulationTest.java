package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Seeded runs over links that lose, double, reorder, corrupt, delay, shrink and fall silent.
///
/// `-Dpenstock.netstack.runs=N` takes that many, `-Dpenstock.netstack.seed=S` begins at a seed that
/// failed.
class TcpSimulationTest {

  private static final long FIRST_SEED = Long.getLong("penstock.netstack.seed", 1);
  private static final long RUNS = Long.getLong("penstock.netstack.runs", 400);

  /// Of so many runs one follows each use of each buffer, which takes fifty times as long.
  private static final long RUNS_PER_PARANOID = 50;

  /// What a test takes at once, so that none takes minutes.
  private static final long BATCH = 200;

  private static final long PARANOID_BATCH = 10;

  private static LongStream batches() {
    return starts(RUNS, BATCH);
  }

  private static LongStream paranoidBatches() {
    return starts(paranoidRuns(), PARANOID_BATCH);
  }

  private static long paranoidRuns() {
    return Math.max(1, RUNS / RUNS_PER_PARANOID);
  }

  private static LongStream starts(long runs, long batch) {
    return LongStream.iterate(FIRST_SEED, seed -> seed < FIRST_SEED + runs, seed -> seed + batch);
  }

  @ParameterizedTest(name = "from seed {0}")
  @MethodSource("batches")
  void everyByteArrivesWhateverTheLinkDoes(long from) {
    long end = Math.min(from + BATCH, FIRST_SEED + RUNS);
    LongStream.range(from, end)
        .parallel()
        .forEach(seed -> runAndCount(seed, new UnpooledByteBufAllocator(true, true)));
  }

  /// The leak detector of Netty, which all tests run with at its most watchful, names the code that
  /// has lost a buffer; the leak check of all tests fails when it has found one.
  @ParameterizedTest(name = "from seed {0}")
  @MethodSource("paranoidBatches")
  void noBufferIsLost(long from) {
    long end = Math.min(from + PARANOID_BATCH, FIRST_SEED + paranoidRuns());
    LongStream.range(from, end)
        .parallel()
        .forEach(seed -> runAndCount(seed, new UnpooledByteBufAllocator(true, false)));
  }

  /// Every buffer of a run is gone at its end.
  private static void runAndCount(long seed, UnpooledByteBufAllocator allocator) {
    SimulatedRun.run(seed, allocator);
    assertThat(allocator.metric().usedDirectMemory()).as("leaked by seed %d", seed).isZero();
  }
}
