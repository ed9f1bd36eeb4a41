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
import java.util.Locale;
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
  private static final double[] LOSSES = {0, 0.01, 0.02, 0.05, 0.1, 0.3};

  /// Without leak detection, which would follow each use of each buffer.
  private static final ByteBufAllocator ALLOCATOR = new UnpooledByteBufAllocator(true, true);

  private String table = "";

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

    String line() {
      double rate =
          LongStream.rangeClosed(1, SEEDS)
              .parallel()
              .mapToObj(this::run)
              .collect(Collectors.averagingDouble(OneWayTransfer::bytesPerSecond));
      return String.format(
          Locale.ROOT,
          "%-8s %-5s %4.1f%% %,12.0f",
          algorithm.name().toLowerCase(Locale.ROOT),
          tuned ? "tuned" : "32k",
          loss * 100,
          rate);
    }
  }

  @BeforeAll
  void measure() {
    table =
        Stream.of(CongestionAlgorithm.OFF, CongestionAlgorithm.CUBIC, CongestionAlgorithm.NEW_RENO)
            .flatMap(LossTableTest::cells)
            .map(Cell::line)
            .collect(Collectors.joining("\n", "", "\n"));
  }

  private static Stream<Cell> cells(CongestionAlgorithm algorithm) {
    return Stream.of(false, true)
        .flatMap(tuned -> Arrays.stream(LOSSES).mapToObj(loss -> new Cell(algorithm, tuned, loss)));
  }

  @Test
  void theTableIsTheOneThatIsCheckedIn() {
    assertThat(table).isEqualTo(checkedIn());
  }

  private static String checkedIn() {
    try (InputStream in = LossTableTest.class.getResourceAsStream("loss-table.txt")) {
      return in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private double rate(String algorithm, String buffers, double percent) {
    String start = String.format(Locale.ROOT, "%-8s %-5s %4.1f%%", algorithm, buffers, percent);
    return table
        .lines()
        .filter(line -> line.startsWith(start))
        .map(line -> line.substring(start.length()).replace(",", "").strip())
        .mapToDouble(Double::parseDouble)
        .findFirst()
        .orElseThrow();
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
    assertThat(rate("off", "32k", percent)).isGreaterThan(factor * published);
  }

  @Test
  void onePercentOfLossLeavesMostOfTheWindow() {
    assertThat(rate("off", "32k", 1)).isGreaterThan(0.85 * SMALL_BUFFER / RTT_SECONDS);
  }

  /// The model of Padhye and others (1998) for a receiver that acknowledges every second segment.
  /// At 30 % nearly every flight is a single segment, which succeeds only when its acknowledgment
  /// does too: there the loss of the model is that of the whole round trip.
  @ParameterizedTest
  @CsvSource({
    "cubic, 1",
    "cubic, 2",
    "cubic, 5",
    "cubic, 10",
    "cubic, 30",
    "new_reno, 1",
    "new_reno, 2",
    "new_reno, 5",
    "new_reno, 10",
    "new_reno, 30"
  })
  void congestionControlReachesWhatTheModelExpects(String algorithm, double percent) {
    double oneWay = percent / 100;
    double loss = percent < 30 ? oneWay : 1 - (1 - oneWay) * (1 - oneWay);
    assertThat(rate(algorithm, "tuned", percent)).isGreaterThan(0.8 * padhye(loss));
    assertThat(rate(algorithm, "32k", percent)).isGreaterThan(0.8 * padhye(loss));
  }

  private static double padhye(double p) {
    double mss = 1_448;
    double rto = 0.2;
    double b = 2;
    double fast = RTT_SECONDS * Math.sqrt(2 * b * p / 3);
    double slow = rto * Math.min(1, 3 * Math.sqrt(3 * b * p / 8)) * p * (1 + 32 * p * p);
    return mss / (fast + slow);
  }
}
