package io.penstock.gateway.store;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// A storage that is new in each test, with a clock that the test moves.
abstract class StorageFixture {

  static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  /// A clock that the test moves.
  static final class TestClock extends Clock {
    private Instant now = NOON;

    void advance(Duration time) {
      now = now.plus(time);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  final TestClock clock = new TestClock();
  JdbiStorage storage;

  /// Opens the test's own database, which is empty the first time in each test.
  abstract JdbiStorage open(Clock clock) throws Exception;

  @BeforeEach
  void openStorage() throws Exception {
    storage = open(clock);
  }

  @AfterEach
  void closeStorage() {
    storage.close();
  }
}
