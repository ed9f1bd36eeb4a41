package io.penstock.protocol.snaptun;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RenewalScheduleTest {

  private final RenewalSchedule schedule = new RenewalSchedule(seconds(300));

  @Test
  void a_session_that_lasts_is_renewed_when_three_quarters_of_it_have_passed() {
    assertThat(schedule.established(seconds(3600))).isEqualTo(after(seconds(2700)));
    assertThat(schedule.renewed(seconds(400))).isEqualTo(after(seconds(300)));
    assertThat(schedule.established(seconds(300))).isEqualTo(after(seconds(225)));
  }

  @Test
  void a_session_below_the_threshold_is_renewed_at_once_when_established() {
    assertThat(schedule.established(seconds(299))).isEqualTo(after(0));
  }

  @Test
  void a_short_session_that_was_just_renewed_is_not_renewed_in_a_loop() {
    assertThat(schedule.renewed(seconds(3))).isEqualTo(after(seconds(3) / 4 * 3));
    assertThat(schedule.renewed(1)).isEqualTo(after(RenewalSchedule.MIN_PAUSE_NANOS));
  }

  @Test
  void failures_wait_longer_each_time_and_the_fifth_is_the_last() {
    assertThat(schedule.failed(seconds(3600))).isEqualTo(after(seconds(3)));
    assertThat(schedule.failed(seconds(3600))).isEqualTo(after(seconds(9)));
    assertThat(schedule.failed(seconds(3600))).isEqualTo(after(seconds(27)));
    assertThat(schedule.failed(seconds(3600))).isEqualTo(after(seconds(81)));
    assertThat(schedule.failed(seconds(3600)))
        .isEqualTo(new RenewalSchedule.Next.Never(RenewalEnd.MAX_RETRIES_REACHED));
  }

  @Test
  void a_success_forgets_the_failures() {
    schedule.failed(seconds(3600));
    schedule.failed(seconds(3600));
    schedule.renewed(seconds(3600));
    assertThat(schedule.failures()).isZero();
    assertThat(schedule.failed(seconds(3600))).isEqualTo(after(seconds(3)));
  }

  @Test
  void a_failure_does_not_wait_for_the_session_to_end() {
    assertThat(schedule.failed(seconds(2))).isEqualTo(after(seconds(2) / 4 * 3));
  }

  @Test
  void a_session_that_is_over_is_not_renewed() {
    var over = new RenewalSchedule.Next.Never(RenewalEnd.SESSION_EXPIRED);
    assertThat(schedule.established(0)).isEqualTo(over);
    assertThat(schedule.renewed(-1)).isEqualTo(over);
    assertThat(schedule.failed(0)).isEqualTo(over);
  }

  private static RenewalSchedule.Next after(long nanos) {
    return new RenewalSchedule.Next.After(nanos);
  }

  private static long seconds(long seconds) {
    return Duration.ofSeconds(seconds).toNanos();
  }
}
