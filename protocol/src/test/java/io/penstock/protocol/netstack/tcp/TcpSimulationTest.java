package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// Seeded runs over links that lose, double, reorder, corrupt, delay, shrink and fall silent.
///
/// `-Dpenstock.netstack.runs=N` takes that many, `-Dpenstock.netstack.seed=S` begins at a seed that
/// failed.
class TcpSimulationTest {

  private static final long FIRST_SEED = Long.getLong("penstock.netstack.seed", 1);
  private static final long RUNS = Long.getLong("penstock.netstack.runs", 400);

  @Test
  void everyByteArrivesWhateverTheLinkDoes() {
    LongStream.range(FIRST_SEED, FIRST_SEED + RUNS)
        .parallel()
        .forEach(TcpSimulationTest::runAndCount);
  }

  /// Every buffer of a run is gone at its end. Following each use of each buffer, as the paranoid
  /// leak detector does, would take a hundred times as long.
  private static void runAndCount(long seed) {
    UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    SimulatedRun.run(seed, allocator);
    assertThat(allocator.metric().usedDirectMemory()).as("leaked by seed %d", seed).isZero();
  }
}
