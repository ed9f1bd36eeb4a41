package io.penstock.transport.netstack.socket;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.protocol.Deadlines;
import io.penstock.transport.netstack.socket.Threads.Task;
import java.io.InterruptedIOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// How a thread waits.
class GateTest {

  private static final int OVER = Integer.MAX_VALUE;

  private final Gate gate = new Gate(() -> false);
  private final AtomicBoolean open = new AtomicBoolean();

  /// Written to pass the time.
  private final AtomicInteger pause = new AtomicInteger();

  /// Each round opens the gate just when the other thread is about to wait, or not yet. It goes on
  /// for a few seconds, in which a busy machine has fewer rounds.
  @ParameterizedTest
  @EnumSource(Threads.class)
  void no_wake_up_is_lost(Threads threads) throws Exception {
    AtomicInteger told = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    Task<?> waiting =
        threads.run(
            () -> {
              while (told.get() != OVER) {
                int next = seen.get() + 1;
                gate.await(() -> told.get() >= next, Deadlines.NONE);
                seen.set(next);
              }
            });
    long begun = System.nanoTime();
    int round = 0;
    while (System.nanoTime() - begun < SECONDS.toNanos(4)) {
      round++;
      // About a nanosecond later each time, as the other begins to wait.
      for (int left = round % 512; left > 0; left--) {
        pause.setOpaque(left);
      }
      told.set(round);
      gate.open();
      awaitSeen(seen, round);
    }
    told.set(OVER);
    gate.open();
    waiting.get();
  }

  private static void awaitSeen(AtomicInteger seen, int round) {
    long begun = System.nanoTime();
    while (seen.get() < round) {
      assertThat(System.nanoTime() - begun).as("round %d", round).isLessThan(SECONDS.toNanos(30));
      Thread.onSpinWait();
    }
  }

  @ParameterizedTest
  @EnumSource(Threads.class)
  void a_deadline_ends_the_wait(Threads threads) throws Exception {
    long begun = System.nanoTime();
    boolean met = threads.start(() -> gate.await(open::get, Gate.deadlineNanos(50))).get();
    assertThat(met).isFalse();
    assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(MILLISECONDS.toNanos(50));
  }

  @ParameterizedTest
  @EnumSource(Threads.class)
  void opening_without_the_condition_lets_nobody_through(Threads threads) throws Exception {
    Task<Boolean> waiting = threads.start(() -> gate.await(open::get, Deadlines.NONE));
    for (int i = 0; i < 100; i++) {
      gate.open();
    }
    waiting.assertWaits();
    open.set(true);
    gate.open();
    assertThat(waiting.get()).isTrue();
  }

  @Test
  void a_virtual_thread_stops_to_wait_when_it_is_interrupted_and_still_is() throws Exception {
    Task<Boolean> waiting =
        Threads.VIRTUAL.start(
            () -> {
              try {
                return gate.await(open::get, Deadlines.NONE);
              } catch (InterruptedIOException _) {
                return Thread.currentThread().isInterrupted();
              }
            });
    waiting.assertWaits().thread().interrupt();
    assertThat(waiting.get()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(Threads.class)
  void whoever_waits_uninterruptibly_stays_interrupted(Threads threads) throws Exception {
    Task<Boolean> waiting =
        threads.start(
            () -> {
              gate.awaitUninterruptibly(open::get, Deadlines.NONE);
              return Thread.currentThread().isInterrupted();
            });
    waiting.assertWaits().thread().interrupt();
    waiting.assertWaits();
    open.set(true);
    gate.open();
    assertThat(waiting.get()).isTrue();
  }

  @Test
  void the_event_loop_never_waits() throws Exception {
    Gate ofLoop = new Gate(() -> true);
    assertThatThrownBy(() -> ofLoop.await(open::get, Deadlines.NONE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("make it on another thread");
    open.set(true);
    assertThat(ofLoop.await(open::get, Deadlines.NONE)).isTrue();
  }
}
