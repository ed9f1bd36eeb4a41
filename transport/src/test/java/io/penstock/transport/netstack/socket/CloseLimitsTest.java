package io.penstock.transport.netstack.socket;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.transport.netstack.Stacks;
import io.penstock.transport.netstack.socket.Threads.Task;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// How long a connection whose socket was closed may go on, when the peer reads nothing.
class CloseLimitsTest {

  private static final int LIMIT_MILLIS = 500;

  private StackWorld world;
  private StackSockets impatient;

  @BeforeEach
  void open() throws Exception {
    world = new StackWorld();
    impatient = world.client.withLimits(SocketLimits.defaults().withCloseMillis(LIMIT_MILLIS));
  }

  @AfterEach
  void close() throws Exception {
    world.close();
  }

  /// Writes until nothing more is taken; some of it waits in front of the stack then.
  private static Task<?> fill(Pair pair) {
    return Threads.VIRTUAL.run(() -> pair.toServer().write(new byte[16 << 20])).assertWaits();
  }

  private long connectionsOfClient() throws Exception {
    return Stacks.count(world.stacks.client, stack -> stack.tcp().connectionCount());
  }

  private void awaitNoConnectionOfClient() {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(connectionsOfClient()).isZero());
  }

  @Test
  void what_does_not_leave_within_the_limit_is_reset() throws Exception {
    try (Pair pair = Pair.open(world, impatient.newSocket())) {
      Task<?> writing = fill(pair);
      long begun = System.nanoTime();
      pair.client().close();
      assertThat(System.nanoTime() - begun).isLessThan(SECONDS.toNanos(20));
      assertThat(writing.failure()).hasMessage("Socket closed");
      awaitNoConnectionOfClient();
      assertThat(System.nanoTime() - begun)
          .isGreaterThanOrEqualTo(MILLISECONDS.toNanos(LIMIT_MILLIS));
      InputStream in = pair.fromClient();
      assertThat(Threads.VIRTUAL.run(() -> in.transferTo(nowhere())).failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Connection reset");
    }
  }

  private static OutputStream nowhere() {
    return OutputStream.nullOutputStream();
  }

  @ParameterizedTest
  @EnumSource(Threads.class)
  void to_linger_ends_with_the_limit(Threads threads) throws Exception {
    try (Pair pair = Pair.open(world, impatient.newSocket())) {
      fill(pair);
      pair.client().setSoLinger(true, 600);
      threads.run(() -> pair.client().close()).get();
      awaitNoConnectionOfClient();
    }
  }

  @Test
  void an_interrupt_ends_the_lingering_of_a_virtual_thread_and_the_rest_goes_on() throws Exception {
    try (Pair pair = Pair.open(world)) {
      fill(pair);
      Socket client = pair.client();
      client.setSoLinger(true, 600);
      Task<Boolean> closing =
          Threads.VIRTUAL
              .start(
                  () -> {
                    client.close();
                    return Thread.currentThread().isInterrupted();
                  })
              .assertWaits();
      closing.thread().interrupt();
      assertThat(closing.get()).isTrue();
      assertThat(connectionsOfClient()).isOne();
      // What was taken of the write comes, and then the end.
      assertThat(pair.fromClient().transferTo(nowhere())).isPositive();
    }
  }
}
