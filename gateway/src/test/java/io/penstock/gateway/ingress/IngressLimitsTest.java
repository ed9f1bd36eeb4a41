package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.testkit.wire.WireSocket;
import io.penstock.testkit.wire.WireSocket.End;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// Every wait of a visitor's connection has a limit.
class IngressLimitsTest {

  private static final Duration SHORT = Duration.ofMillis(250);
  private static final String GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
  private static final String OK_HI = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

  private static final String NOWHERE =
      "GET / HTTP/1.1\r\nHost: no.test\r\nX-Request-Id: 1\r\n\r\n";

  private static IngressConfig.Builder config() {
    return IngressConfig.builder();
  }

  @Test
  void aConnectionThatSaysNothingIsClosed() {
    try (var gateway = IngressFixture.start(config().headTimeout(SHORT).build());
        var visitor = gateway.visit()) {
      assertThat(visitor.readToEnd()).isEmpty();
    }
  }

  @Test
  void aHeadThatComesTooSlowlyIsATimeoutHoweverSteadilyItComes() {
    try (var gateway = IngressFixture.start(config().headTimeout(SHORT).build());
        var visitor = gateway.visit()) {
      visitor.send("GET / HTTP/1.1\r\n");
      Thread dribble = Thread.startVirtualThread(() -> dribble(visitor));
      assertThat(visitor.readMessage())
          .startsWith("HTTP/1.1 408 ")
          .contains("Penstock-Error: request_timeout\r\n");
      dribble.interrupt();
    }
  }

  private static void dribble(WireSocket visitor) {
    try {
      while (!Thread.interrupted()) {
        visitor.send("A: b\r\n");
        LockSupport.parkNanos(20_000_000);
      }
    } catch (UncheckedIOException e) {
      // The gateway closed, as the test wants.
    }
  }

  @Test
  void anIdleConnectionIsClosedBetweenRequests() {
    var config = config().keepAliveTimeout(SHORT).build();
    try (var gateway =
            IngressFixture.answering(
                config,
                s -> {
                  s.readHead();
                  s.send(OK_HI);
                  s.awaitEnd();
                });
        var visitor = gateway.visit()) {
      assertThat(visitor.send(GET).readMessage()).isEqualTo(OK_HI);
      assertThat(visitor.readToEnd()).isEmpty();
    }
  }

  @Test
  void aVisitorWhoStopsInTheMiddleOfABodyIsATimeout() {
    try (var gateway = IngressFixture.start(config().bodyTimeout(SHORT).build());
        var visitor = gateway.visit()) {
      visitor.send("PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nab");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        assertThat(visitor.readToEnd()).startsWith("HTTP/1.1 408 ");
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @Test
  void aBodyThatStallsIsCut() {
    try (var gateway = IngressFixture.start(config().stallTimeout(SHORT).build());
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
        assertThat(visitor.awaitEnd()).isEqualTo(End.RESET);
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @Test
  void anUpgradedConnectionOnWhichNothingMovesIsCut() {
    var config = config().upgradedTimeout(SHORT).responseTimeout(Duration.ofSeconds(9)).build();
    try (var gateway = IngressFixture.start(config);
        var visitor = gateway.visit()) {
      visitor.send("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 101 Switching Protocols\r\n\r\n");
        assertThat(visitor.awaitEnd()).isEqualTo(End.RESET);
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @Test
  void theResponseLimitDoesNotConcernABodyThatIsUnderWay() {
    var config = config().responseTimeout(SHORT).build();
    try (var gateway = IngressFixture.start(config);
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        visitor.readHead();
        awaitNanos(3 * SHORT.toNanos());
        stream.send("hi");
        assertThat(visitor.readText(2)).isEqualTo("hi");
      }
    }
  }

  @Test
  void theResponseLimitCountsFromWhenTheStreamHasTakenTheRequest() {
    Duration limit = Duration.ofMillis(800);
    Duration between = Duration.ofMillis(300);
    int pieces = 5;
    var config = config().responseTimeout(limit).build();
    try (var gateway = IngressFixture.start(config);
        var visitor = gateway.visit()) {
      Valve valve = new Valve();
      gateway.valve = valve;
      visitor.send("PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n");
      valve.awaitWrites(1);
      for (int piece = 1; piece <= pieces; piece++) {
        visitor.send("x");
        valve.awaitWrites(1 + piece);
      }
      for (int piece = 0; piece <= pieces; piece++) {
        awaitNanos(between.toNanos());
        valve.passOne();
      }
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        assertThat(stream.readText(pieces)).isEqualTo("xxxxx");
        // Twice the limit after the request was read, and well within it after it was taken.
        stream.send(OK_HI);
        assertThat(visitor.readMessage()).isEqualTo(OK_HI);
      }
    }
  }

  @Test
  void aStreamThatTakesNothingOfARequestIsATimeout() {
    try (var gateway = IngressFixture.start(config().responseTimeout(SHORT).build());
        var visitor = gateway.visit()) {
      gateway.valve = new Valve();
      visitor.send("PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\nx");
      assertThat(visitor.readMessage())
          .startsWith("HTTP/1.1 504 ")
          .contains("Penstock-Error: timeout\r\n");
    }
  }

  private static void awaitNanos(long nanos) {
    long until = System.nanoTime() + nanos;
    await().until(() -> System.nanoTime() > until);
  }

  @Test
  void connectionsAboveTheLimitAreClosedAndThoseBelowItGoOn() {
    try (var gateway =
        IngressFixture.answering(
            config().maxConnections(3).build(),
            s -> {
              s.readHead();
              s.send(OK_HI);
              s.awaitEnd();
            })) {
      List<WireSocket> visitors = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        WireSocket visitor = gateway.visit();
        assertThat(visitor.send(GET).readMessage()).isEqualTo(OK_HI);
        visitors.add(visitor);
      }
      try (var fourth = gateway.visit()) {
        assertThat(fourth.awaitEnd()).isNotNull();
      }
      assertThat(visitors.getFirst().send(GET).readMessage()).isEqualTo(OK_HI);
      visitors.getFirst().close();
      await().until(() -> gateway.counters.connections() == 2);
      try (var fifth = gateway.visit()) {
        assertThat(fifth.send(GET).readMessage()).isEqualTo(OK_HI);
      }
      assertThat(gateway.counters.connectionsRefused()).isEqualTo(1);
      visitors.forEach(WireSocket::close);
    }
  }

  @Test
  void drainingLetsTheLastResponseFinishAndClosesTheIdle() {
    try (var gateway = IngressFixture.start();
        var busy = gateway.visit();
        var idle = gateway.visit()) {
      idle.send("GET / HTTP/1.1\r\nHost: no.test\r\n\r\n").readMessage();
      busy.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        var drained = gateway.ingress.drain().toCompletableFuture();
        assertThat(idle.readToEnd()).isEmpty();
        assertThat(drained).isNotDone();
        stream.send(OK_HI);
        assertThat(busy.readToEnd())
            .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
        busy.hangUp();
        await().until(drained::isDone);
      }
    }
  }

  @Test
  void aVisitorWhoPipelinesAndDoesNotReadGetsNoMoreThanHeTakesAndLosesNothing() {
    int requests = 60_000;
    var config = config().keepAliveTimeout(SHORT).build();
    try (var gateway = IngressFixture.start(config);
        var visitor = gateway.visit()) {
      Thread sender = Thread.startVirtualThread(() -> visitor.send(NOWHERE.repeat(requests)));
      await()
          .during(SHORT.multipliedBy(3))
          .atMost(Duration.ofSeconds(30))
          .until(gateway.counters::sentBytes, standsStill());
      long taken = gateway.counters.sentBytes();

      String first = visitor.readMessage();
      assertThat(first).startsWith("HTTP/1.1 404 ");
      assertThat(taken)
          .as("what the kernel's buffers hold and little more")
          .isGreaterThan(100L * first.length())
          .isLessThan((long) requests * first.length() / 2);
      for (int i = 1; i < requests; i++) {
        visitor.readBytes(first.length());
      }
      assertThat(gateway.counters.responses(4)).isEqualTo(requests);
      assertThat(sender.isAlive()).isFalse();
    }
  }

  @Test
  void aVisitorWhoNeverReadsIsClosedWhenNothingMovesAnyMore() {
    var config = config().keepAliveTimeout(SHORT).stallTimeout(SHORT).drainTimeout(SHORT).build();
    try (var gateway = IngressFixture.start(config);
        var visitor = gateway.visit()) {
      Thread sender =
          Thread.startVirtualThread(
              () -> {
                try {
                  visitor.send(NOWHERE.repeat(60_000));
                } catch (UncheckedIOException e) {
                  // The gateway closed, as the test wants.
                }
              });
      await().until(() -> gateway.counters.connectionsAccepted() == 1);
      await().until(() -> gateway.counters.connections() == 0);
      sender.interrupt();
    }
  }

  /// A number that is what it was at the last look, and not 0.
  private static Predicate<Long> standsStill() {
    AtomicLong last = new AtomicLong();
    return now -> now != 0 && last.getAndSet(now) == now;
  }

  @Test
  void whatIsNoRequestIsCountedAmongTheResponses() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("nonsense\r\n\r\n").readMessage();
      assertThat(gateway.counters.responses(4)).isEqualTo(1);
      assertThat(gateway.counters.inFlight()).isZero();
    }
  }
}
