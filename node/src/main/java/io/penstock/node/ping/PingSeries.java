package io.penstock.node.ping;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Several pings of one target, one after the other at even intervals, whether answers come or not.
///
/// [#run] blocks the thread that calls it, which is also the one that is told the results; [#stop]
/// may be called from any thread.
public final class PingSeries {

  private sealed interface Event {
    record Result(PingResult result) implements Event {}

    record Stop() implements Event {}
  }

  private final Pinger pinger;
  private final PingRequest request;
  private final long count;
  private final long intervalNanos;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final PingStatistics statistics = new PingStatistics();
  private boolean stopped;
  private long waiting;

  /// @param count how many pings, at least 1
  /// @param interval from one to the next
  public PingSeries(Pinger pinger, PingRequest request, long count, Duration interval) {
    if (count < 1 || !interval.isPositive()) {
      throw new IllegalArgumentException(
          "count is %d and interval %s, allowed is 1 or more and a time above zero"
              .formatted(count, interval));
    }
    this.pinger = pinger;
    this.request = request;
    this.count = count;
    this.intervalNanos = interval.toNanos();
  }

  /// Sends the pings and waits for their results; after [#stop] no longer than for those that have
  /// come.
  ///
  /// @param each is told every result as it comes
  public PingStatistics run(Consumer<PingResult> each) throws InterruptedException {
    long next = System.nanoTime();
    for (long sent = 0; sent < count && !stopped; sent++) {
      waiting++;
      pinger.ping(request).thenAccept(result -> events.add(new Event.Result(result)));
      next += intervalNanos;
      while (!stopped && (sent + 1 < count || waiting > 0)) {
        long left = sent + 1 < count ? next - System.nanoTime() : Long.MAX_VALUE;
        Event event = left <= 0 ? null : events.poll(left, TimeUnit.NANOSECONDS);
        if (event == null) {
          break;
        }
        take(event, each);
      }
    }
    return statistics;
  }

  /// Ends a run early.
  public void stop() {
    events.add(new Event.Stop());
  }

  private void take(Event event, Consumer<PingResult> each) {
    switch (event) {
      case Event.Result(PingResult result) -> {
        waiting--;
        statistics.add(result);
        each.accept(result);
      }
      case Event.Stop() -> stopped = true;
    }
  }
}
