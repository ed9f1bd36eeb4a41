package io.penstock.node.ping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.api.IpAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PingStatisticsTest {

  private final PingStatistics statistics = new PingStatistics();

  @Test
  void nothing_sent_is_nothing_lost() {
    assertThat(statistics.lossPercent()).isZero();
    assertThat(statistics.least()).isZero();
    assertThat(statistics.meanMillis()).isZero();
    assertThat(statistics.deviationMillis()).isZero();
  }

  @Test
  void round_trips_are_summed_up() {
    reply(2);
    reply(4);
    reply(6);
    assertThat(statistics.sent()).isEqualTo(3);
    assertThat(statistics.received()).isEqualTo(3);
    assertThat(statistics.least()).isEqualTo(Duration.ofMillis(2));
    assertThat(statistics.most()).isEqualTo(Duration.ofMillis(6));
    assertThat(statistics.meanMillis()).isEqualTo(4, within(1e-9));
    assertThat(statistics.deviationMillis()).isEqualTo(Math.sqrt(8.0 / 3), within(1e-9));
    assertThat(statistics.lossPercent()).isZero();
  }

  @Test
  void what_was_sent_and_has_no_reply_is_lost() {
    reply(1);
    statistics.add(new PingResult.TimedOut(2));
    statistics.add(new PingResult.NotSent("full"));
    statistics.add(new PingResult.Reported(4, IpAddress.parse("10.0.0.1"), "no route"));
    statistics.add(new PingResult.TimedOut(5));
    assertThat(statistics.sent()).isEqualTo(4);
    assertThat(statistics.notSent()).isEqualTo(1);
    assertThat(statistics.received()).isEqualTo(1);
    assertThat(statistics.errors()).isEqualTo(1);
    assertThat(statistics.lossPercent()).isEqualTo(75);
  }

  private void reply(int millis) {
    statistics.add(new PingResult.Reply(1, Duration.ofMillis(millis), 64, 64));
  }
}
