package io.penstock.node.up;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StoppableWaitsTest {

  private final StoppableWaits waits = new StoppableWaits();

  @Test
  void a_wait_that_is_under_way_ends_and_later_ones_do_not_begin() {
    CountDownLatch waiting = new CountDownLatch(1);
    Thread.ofVirtual()
        .start(
            () -> {
              awaitQuietly(waiting);
              waits.stop();
            });

    assertThatThrownBy(
            () ->
                waits.await(
                    () -> {
                      waiting.countDown();
                      new CountDownLatch(1).await();
                      return "never";
                    }))
        .isInstanceOf(InterruptedException.class);

    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThatThrownBy(() -> waits.await(() -> "never")).isInstanceOf(InterruptedException.class);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void between_waits_nothing_is_interrupted() throws Exception {
    assertThat(waits.await(() -> "here")).isEqualTo("here");
    waits.stop();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void a_stop_that_comes_when_the_wait_is_over_is_not_left_to_whatever_comes_next()
      throws Exception {
    String came =
        waits.await(
            () -> {
              waits.stop();
              return "just in time";
            });
    assertThat(came).isEqualTo("just in time");
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void what_fails_because_it_was_stopped_too_is_no_failure_of_its_own() {
    IOException broken = new IOException("broken pipe");
    assertThatThrownBy(() -> waits.await(() -> fail(broken))).isSameAs(broken);
    assertThatThrownBy(
            () ->
                waits.await(
                    () -> {
                      waits.stop();
                      return fail(broken);
                    }))
        .isInstanceOf(InterruptedException.class);
  }

  private static String fail(IOException e) throws IOException {
    throw e;
  }
}
