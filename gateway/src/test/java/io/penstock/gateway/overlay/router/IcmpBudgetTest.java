package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class IcmpBudgetTest {

  private static final long INTERVAL = 100_000_000L;

  private static int[] taken(IcmpBudget budget, int intervals) {
    int[] taken = new int[intervals];
    for (int interval = 0; interval < intervals; interval++) {
      for (int i = 0; i < 1_000; i++) {
        taken[interval] += budget.take(-7 * INTERVAL + interval * INTERVAL + i) ? 1 : 0;
      }
    }
    return taken;
  }

  @Test
  void the_limit_of_each_interval_lies_between_the_half_and_the_whole() {
    int[] taken = taken(new IcmpBudget(1_000, 42), 500);

    assertThat(Arrays.stream(taken).min()).hasValue(50);
    assertThat(Arrays.stream(taken).max()).hasValue(100);
    assertThat(Arrays.stream(taken).distinct().count()).isGreaterThan(40);
    assertThat(Arrays.stream(taken).average().orElseThrow()).isBetween(70.0, 80.0);
  }

  @Test
  void without_the_secret_the_limits_cannot_be_told() {
    assertThat(taken(new IcmpBudget(1_000, 1), 50))
        .isNotEqualTo(taken(new IcmpBudget(1_000, 2), 50));
  }

  @Test
  void a_small_limit_is_at_least_one_in_each_interval_and_none_is_none() {
    assertThat(taken(new IcmpBudget(1, 3), 10)).containsOnly(1);
    assertThat(taken(new IcmpBudget(0, 3), 10)).containsOnly(0);
  }
}
