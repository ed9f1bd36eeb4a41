package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.testkit.LinkFaults;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How fast 10 MiB travel over a round trip of 100 ms when every packet, acknowledgments too, is
/// lost with some probability: the mean of 20 seeds, for each congestion control and two sizes of
/// buffers.
///
/// The table is checked in as `loss-table.txt`; a change that makes it another is seen there. When
/// it should be another, the failure shows what to put into the file.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LossTableTest {

  private static final int SEEDS = 20;
  private static final long BYTES = 10 << 20;
  private static final int SMALL_BUFFER = 32 * 1024;
  private static final double RTT_SECONDS = 0.1;
  private static final double MSS = 1_448;
  private static final double SEGMENTS = BYTES / MSS;
  private static final double[] LOSSES = {0, 0.01, 0.02, 0.05, 0.1, 0.3};

  /// Without leak detection, which would follow each use of each buffer.
  private static final ByteBufAllocator ALLOCATOR = new UnpooledByteBufAllocator(true, true);

  private final Map<Cell, Means> table = new LinkedHashMap<>();

  private record Cell(CongestionAlgorithm algorithm, boolean tuned, double loss) {

    OneWayTransfer run(long seed) {
      TcpConfig.Builder config = TcpConfig.builder().congestion(algorithm);
      if (!tuned) {
        config
            .initialReceiveBufferBytes(SMALL_BUFFER)
            .maxReceiveBufferBytes(SMALL_BUFFER)
            .initialSendBufferBytes(SMALL_BUFFER)
            .maxSendBufferBytes(SMALL_BUFFER);
      }
      LinkFaults faults = LinkFaults.none(50).withLoss(loss);
      return OneWayTransfer.run(config.build(), faults, BYTES, seed, ALLOCATOR);
    }

    Means measure() {
      List<OneWayTransfer> runs =
          LongStream.rangeClosed(1, SEEDS).parallel().mapToObj(this::run).toList();
      return new Means(
          mean(runs, OneWayTransfer::bytesPerSecond),
          mean(runs, run -> run.bytesPerSecond() * (1 + run.retransmissions() / SEGMENTS)),
          mean(runs, run -> run.rttNanos() / 1e9),
          mean(runs, run -> run.rtoNanos() / 1e9));
    }

    private static double mean(List<OneWayTransfer> runs, ToDoubleFunction<OneWayTransfer> of) {
      return runs.stream().collect(Collectors.averagingDouble(of));
    }
  }

  /// What the runs of a cell were like.
  ///
  /// @param bytesPerSecond what arrived
  /// @param sentBytesPerSecond what was sent, again or not
  /// @param rttSeconds the sender's smoothed round trip
  /// @param rtoSeconds its retransmission timeout, not doubled
  private record Means(
      double bytesPerSecond, double sentBytesPerSecond, double rttSeconds, double rtoSeconds) {

    /// What the model of Padhye and others (1998, equation 30) expects to be sent, for a receiver
    /// that acknowledges every second segment.
    double modelled(double loss) {
      double b = 2;
      double fast = rttSeconds * Math.sqrt(2 * b * loss / 3);
      double slow = Math.min(1, 3 * Math.sqrt(3 * b * loss / 8)) * loss * (1 + 32 * loss * loss);
      return MSS / (fast + rtoSeconds * slow);
    }
  }

  @BeforeAll
  void measure() {
    Stream.of(CongestionAlgorithm.OFF, CongestionAlgorithm.CUBIC, CongestionAlgorithm.NEW_RENO)
        .flatMap(LossTableTest::cells)
        .forEach(cell -> table.put(cell, cell.measure()));
  }

  private static Stream<Cell> cells(CongestionAlgorithm algorithm) {
    return Stream.of(false, true)
        .flatMap(tuned -> Arrays.stream(LOSSES).mapToObj(loss -> new Cell(algorithm, tuned, loss)));
  }

  @Test
  void theTableIsTheOneThatIsCheckedIn() {
    String lines =
        table.entrySet().stream()
            .map(entry -> line(entry.getKey(), entry.getValue()))
            .collect(Collectors.joining("\n", "", "\n"));
    assertThat(lines).isEqualTo(checkedIn());
  }

  private static String line(Cell cell, Means means) {
    return String.format(
        Locale.ROOT,
        "%-8s %-5s %4.1f%% %,12.0f",
        cell.algorithm().name().toLowerCase(Locale.ROOT),
        cell.tuned() ? "tuned" : "32k",
        cell.loss() * 100,
        means.bytesPerSecond());
  }

  private static String checkedIn() {
    try (InputStream in = LossTableTest.class.getResourceAsStream("loss-table.txt")) {
      return in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Means cell(CongestionAlgorithm algorithm, boolean tuned, double percent) {
    Means means = table.get(new Cell(algorithm, tuned, percent / 100));
    return assertThat(means).isNotNull().actual();
  }

  /// What smoltcp has published for its own simulation of this link, which has no congestion
  /// control either, and by how much we are to be faster.
  @ParameterizedTest
  @CsvSource({
    "0, 322945, 0.97",
    "1, 219671, 1.2",
    "2, 166588, 1.4",
    "5, 76627, 2",
    "10, 37775, 2",
    "30, 1156, 2"
  })
  void withoutCongestionControlLossCostsLessThanElsewhere(
      double percent, double published, double factor) {
    assertThat(cell(CongestionAlgorithm.OFF, false, percent).bytesPerSecond())
        .isGreaterThan(factor * published);
  }

  @Test
  void onePercentOfLossLeavesMostOfTheWindow() {
    assertThat(cell(CongestionAlgorithm.OFF, false, 1).bytesPerSecond())
        .isGreaterThan(0.85 * SMALL_BUFFER / RTT_SECONDS);
  }

  @ParameterizedTest
  @CsvSource({
    "CUBIC, 1",
    "CUBIC, 2",
    "CUBIC, 5",
    "CUBIC, 10",
    "CUBIC, 30",
    "NEW_RENO, 1",
    "NEW_RENO, 2",
    "NEW_RENO, 5",
    "NEW_RENO, 10",
    "NEW_RENO, 30"
  })
  void congestionControlSendsWhatTheModelExpects(CongestionAlgorithm algorithm, double percent) {
    assertThat(Stream.of(false, true).map(tuned -> cell(algorithm, tuned, percent)))
        .allSatisfy(
            means ->
                assertThat(means.sentBytesPerSecond())
                    .isGreaterThan(0.8 * means.modelled(percent / 100)));
  }
}
