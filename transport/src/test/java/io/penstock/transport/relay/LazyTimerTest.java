package io.penstock.transport.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LazyTimerTest {

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final AtomicInteger fired = new AtomicInteger();
  private final LazyTimer timer = new LazyTimer(channel.eventLoop(), fired::incrementAndGet);

  @Test
  void firesOnceWhenItsTimeHasCome() {
    timer.set(System.nanoTime(), -1);
    channel.runScheduledPendingTasks();
    channel.runScheduledPendingTasks();

    assertThat(fired).hasValue(1);
  }

  @Test
  void movingItForwardBringsItForward() {
    timer.set(System.nanoTime(), TimeUnit.HOURS.toNanos(1));
    timer.set(System.nanoTime(), -1);
    channel.runScheduledPendingTasks();

    assertThat(fired).hasValue(1);
  }

  @Test
  void movingItBackKeepsItFromFiring() {
    timer.set(System.nanoTime(), -1);
    timer.set(System.nanoTime(), TimeUnit.HOURS.toNanos(1));
    channel.runScheduledPendingTasks();

    assertThat(fired).hasValue(0);
    timer.set(System.nanoTime(), -1);
    channel.runScheduledPendingTasks();
    assertThat(fired).hasValue(1);
  }

  @Test
  void doesNotFireAfterItWasClearedOrStopped() {
    timer.set(System.nanoTime(), -1);
    timer.clear();
    channel.runScheduledPendingTasks();
    timer.set(System.nanoTime(), -1);
    timer.stop();
    channel.runScheduledPendingTasks();

    assertThat(fired).hasValue(0);
    assertThat(channel.runScheduledPendingTasks()).isEqualTo(-1);
  }
}
