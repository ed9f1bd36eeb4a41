package io.penstock.protocol.kcp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CongestionWindowTest {

  private final CongestionWindow window = new CongestionWindow(100);
  private int una;

  @Test
  void it_starts_with_ten_segments_and_doubles_with_each_full_flight() {
    assertThat(window.segments()).isEqualTo(10);
    acked(10, 10);
    assertThat(window.segments()).isEqualTo(20);
    acked(20, 20);
    assertThat(window.segments()).isEqualTo(40);
  }

  @Test
  void it_does_not_grow_while_it_is_not_the_limit() {
    acked(5, 9);
    assertThat(window.segments()).isEqualTo(10);
  }

  @Test
  void it_never_exceeds_the_send_window() {
    for (int i = 0; i < 20; i++) {
      acked(window.segments(), window.segments());
    }
    assertThat(window.segments()).isEqualTo(100);
  }

  @Test
  void a_flight_with_losses_halves_it_once() {
    acked(10, 10);
    window.onOvertaken(20, una + 20);
    window.onOvertaken(19, una + 20);
    assertThat(window.segments()).isEqualTo(10);

    acked(10, 20);
    assertThat(window.segments()).as("no growth before the flight is acknowledged").isEqualTo(10);
    acked(10, 10);
    assertThat(window.segments()).as("now one tenth of a segment for each").isEqualTo(11);
    window.onOvertaken(10, una + 10);
    assertThat(window.segments()).isEqualTo(5);
  }

  @Test
  void a_timeout_starts_again_from_one_segment_up_to_half_of_the_old_window() {
    acked(10, 10);
    window.onTimeout(una + 20);
    window.onTimeout(una + 20);
    assertThat(window.segments()).isEqualTo(1);

    acked(1, 1);
    assertThat(window.segments()).isEqualTo(2);
    acked(8, 8);
    assertThat(window.segments()).isEqualTo(10);
    acked(10, 10);
    assertThat(window.segments()).isEqualTo(11);
  }

  @Test
  void the_numbers_that_end_a_recovery_may_wrap() {
    una = -5;
    window.onOvertaken(10, 5);
    assertThat(window.segments()).isEqualTo(5);
    acked(9, 10);
    assertThat(window.segments()).isEqualTo(5);
    acked(1, 5);
    assertThat(window.segments()).isEqualTo(5);
    acked(5, 5);
    assertThat(window.segments()).isEqualTo(6);
  }

  private void acked(int segments, int inFlight) {
    una += segments;
    window.onAcked(segments, inFlight, una);
  }
}
