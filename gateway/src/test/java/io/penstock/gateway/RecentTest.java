package io.penstock.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RecentTest {

  @Test
  void isMadeOnceForAllWhoAskWithinItsAge() {
    AtomicLong now = new AtomicLong(-3);
    AtomicInteger made = new AtomicInteger();
    Recent<Integer> recent = new Recent<>(made::incrementAndGet, Duration.ofNanos(10), now::get);

    assertThat(recent.get()).isEqualTo(1);
    now.addAndGet(10);
    assertThat(recent.get()).isEqualTo(1);
    now.addAndGet(1);
    assertThat(recent.get()).isEqualTo(2);
    assertThat(recent.get()).isEqualTo(2);
  }
}
