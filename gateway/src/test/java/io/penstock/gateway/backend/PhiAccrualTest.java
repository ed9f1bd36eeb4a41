package io.penstock.gateway.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PhiAccrualTest {

  private static final HealthConfig CONFIG = HealthConfig.DEFAULT;

  private final PhiAccrual detector = new PhiAccrual(CONFIG, 0, 0);

  @Test
  void a_peer_just_heard_raises_no_suspicion() {
    beatEvery5Seconds(20);

    assertThat(detector.phi(seconds(100), 0)).isLessThan(0.001);
    assertThat(detector.phi(seconds(106), 0)).isLessThan(0.5);
  }

  @Test
  void silence_crosses_the_threshold_after_about_sixteen_seconds_and_not_before_fourteen() {
    beatEvery5Seconds(20);

    assertThat(detector.phi(seconds(100 + 14), 0)).isLessThan(CONFIG.phiThreshold());
    assertThat(detector.phi(seconds(100 + 17), 0)).isGreaterThan(CONFIG.phiThreshold());
  }

  @Test
  void a_heartbeat_takes_the_peer_back_into_use() {
    beatEvery5Seconds(20);
    assertThat(detector.phi(seconds(130), 0)).isGreaterThan(CONFIG.phiThreshold());

    detector.heartbeat(seconds(130), 0);

    assertThat(detector.phi(seconds(131), 0)).isLessThan(CONFIG.phiThreshold());
  }

  @Test
  void there_is_an_answer_before_the_first_and_after_the_first_interval() {
    assertThat(detector.phi(seconds(5), 0)).isBetween(0.0, 1.0);
    assertThat(detector.phi(seconds(20), 0)).isGreaterThan(CONFIG.phiThreshold());

    detector.heartbeat(seconds(5), 0);

    assertThat(detector.phi(seconds(10), 0)).isBetween(0.0, 1.0);
    assertThat(detector.phi(seconds(25), 0)).isGreaterThan(CONFIG.phiThreshold());
  }

  @Test
  void the_first_ping_right_after_the_start_is_no_interval() {
    detector.heartbeat(seconds(0) + 1_000_000, 0);

    assertThat(detector.phi(seconds(14), 0)).isLessThan(CONFIG.phiThreshold());
    assertThat(detector.phi(seconds(17), 0)).isGreaterThan(CONFIG.phiThreshold());
  }

  @Test
  void time_in_which_we_did_not_read_is_no_silence() {
    beatEvery5Seconds(20);

    assertThat(detector.phi(seconds(160), seconds(58))).isLessThan(0.5);
    assertThat(detector.phi(seconds(160), 0)).isGreaterThan(CONFIG.phiThreshold());
  }

  @Test
  void an_interval_of_pausing_is_not_learned_as_normal() {
    beatEvery5Seconds(20);
    detector.heartbeat(seconds(1100), seconds(995));

    assertThat(detector.phi(seconds(1117), seconds(995))).isGreaterThan(CONFIG.phiThreshold());
  }

  @Test
  void phi_is_finite_and_grows_with_silence_whatever_the_history() {
    var random = new Random(7);
    for (int round = 0; round < 200; round++) {
      var any = new PhiAccrual(CONFIG, 0, 0);
      long now = 0;
      for (int beats = random.nextInt(40); beats > 0; beats--) {
        now += (long) Math.exp(random.nextDouble() * 40 - 10);
        any.heartbeat(now, 0);
      }
      double before = -1;
      for (long silence = 1; silence > 0 && silence < Long.MAX_VALUE / 4; silence *= 3) {
        double phi = any.phi(now + silence, 0);
        assertThat(phi).isFinite().isGreaterThanOrEqualTo(Math.max(before, 0));
        before = phi;
      }
    }
  }

  private void beatEvery5Seconds(int beats) {
    for (int beat = 1; beat <= beats; beat++) {
      detector.heartbeat(seconds(5L * beat), 0);
    }
  }

  private static long seconds(long seconds) {
    return TimeUnit.SECONDS.toNanos(seconds);
  }
}
