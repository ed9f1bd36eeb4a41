package io.penstock.node.retry;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackoffTest {

  private static final Duration LEAST = Duration.ofMillis(500);
  private static final Duration MOST = Duration.ofSeconds(30);

  @Test
  void waits_double_up_to_the_limit_and_stay_there() {
    var backoff = new Backoff(LEAST, MOST, () -> 0.9999999999);

    assertThat(millis(backoff, 9))
        .containsExactly(499L, 999L, 1999L, 3999L, 7999L, 15999L, 29999L, 29999L, 29999L);
  }

  @Test
  void jitter_takes_away_half_at_most() {
    var backoff = new Backoff(LEAST, MOST, () -> 0);

    assertThat(millis(backoff, 3)).containsExactly(250L, 500L, 1000L);
  }

  @Test
  void a_reset_starts_small_again() {
    var backoff = new Backoff(LEAST, MOST, () -> 0);
    millis(backoff, 5);

    backoff.reset();

    assertThat(millis(backoff, 1)).containsExactly(250L);
  }

  private static List<Long> millis(Backoff backoff, int waits) {
    List<Long> all = new ArrayList<>();
    for (int i = 0; i < waits; i++) {
      all.add(backoff.nextNanos() / 1_000_000);
    }
    return all;
  }
}
