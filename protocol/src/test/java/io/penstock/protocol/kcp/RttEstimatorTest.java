package io.penstock.protocol.kcp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RttEstimatorTest {

  private static final long MILLI = 1_000_000L;

  private final RttEstimator normal = new RttEstimator(KcpConfig.kcpGoDefaults());
  private final RttEstimator nodelay = new RttEstimator(KcpConfig.defaults());

  @Test
  void before_the_first_measurement_the_timeout_is_200_ms() {
    assertThat(normal.rtoNanos()).isEqualTo(200 * MILLI);
    assertThat(normal.srttNanos()).isZero();
  }

  @Test
  void the_first_measurement_sets_the_average_and_half_of_it_as_variation() {
    normal.sample(300 * MILLI);
    assertThat(normal.srttNanos()).isEqualTo(300 * MILLI);
    assertThat(normal.rtoNanos()).isEqualTo(900 * MILLI);
  }

  @Test
  void steady_measurements_bring_the_timeout_down_to_the_average_plus_the_interval() {
    for (int i = 0; i < 100; i++) {
      normal.sample(300 * MILLI);
    }
    assertThat(normal.rtoNanos()).isEqualTo(400 * MILLI);
  }

  @Test
  void the_floor_is_100_ms_and_30_ms_without_delay() {
    for (int i = 0; i < 100; i++) {
      normal.sample(MILLI);
      nodelay.sample(MILLI);
    }
    assertThat(normal.rtoNanos()).isEqualTo(101 * MILLI);
    assertThat(nodelay.rtoNanos()).isEqualTo(30 * MILLI);
  }

  @Test
  void the_ceiling_is_5_s() {
    normal.sample(3_600_000 * MILLI);
    assertThat(normal.rtoNanos()).isEqualTo(5_000 * MILLI);
    assertThat(normal.backedOff(4_000 * MILLI)).isEqualTo(5_000 * MILLI);
  }

  @Test
  void an_expired_timeout_doubles_and_grows_by_half_without_delay() {
    assertThat(normal.backedOff(200 * MILLI)).isEqualTo(400 * MILLI);
    assertThat(nodelay.backedOff(200 * MILLI)).isEqualTo(300 * MILLI);
  }

  @Test
  void a_time_from_the_future_measures_nothing() {
    normal.sample(-1);
    assertThat(normal.srttNanos()).isZero();
  }
}
