package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// What segments in flight hold besides their bytes.
class FlightTest {

  private static final int SEGMENTS = 1000;

  private static int excessOf(int bytesPerSegment) {
    Flight flight = new Flight(new Spares<>(FlightSlots::new));
    flight.start(0);
    for (int i = 1; i <= SEGMENTS; i++) {
      flight.add(i * bytesPerSegment, 0);
    }
    return flight.excessBytes();
  }

  @Test
  void segments_of_a_byte_hold_more_than_their_bytes_and_it_counts() {
    assertThat(excessOf(1)).isGreaterThan(12 * SEGMENTS);
    assertThat(excessOf(64)).isGreaterThan(10 * SEGMENTS);
  }

  @Test
  void segments_of_common_sizes_count_by_their_bytes() {
    assertThat(excessOf(536)).isZero();
    assertThat(excessOf(1448)).isZero();
  }
}
