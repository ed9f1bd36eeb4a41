package io.penstock.node.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SleepWatchTest {

  @ParameterizedTest
  @CsvSource({
    "PT5S, PT5S, false",
    "PT15S, PT5S, false",
    "PT15.001S, PT5S, true",
    "PT8H, PT5S, true",
    // A slow machine, and a clock that is set back.
    "PT60S, PT60S, false",
    "PT-1H, PT5S, false"
  })
  void a_machine_has_slept_when_its_time_of_day_is_far_ahead_of_the_time_awake(
      Duration timeOfDay, Duration awake, boolean slept) {
    assertThat(SleepWatch.hasSlept(timeOfDay, awake)).isEqualTo(slept);
  }
}
