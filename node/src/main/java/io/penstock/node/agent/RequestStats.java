package io.penstock.node.agent;

import io.penstock.node.agent.app.RequestLog;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/// Counts an agent's requests and remembers how long the latest ones took. Safe from any thread.
final class RequestStats implements RequestLog {

  /// Enough for a steady median, little enough to follow a change within seconds of traffic.
  private static final int REMEMBERED = 512;

  private final LongAdder open = new LongAdder();
  private final long[] latestNanos = new long[REMEMBERED];
  private long ended;

  void opened() {
    open.increment();
  }

  void closed() {
    open.decrement();
  }

  @Override
  public synchronized void requestEnded(Entry entry) {
    latestNanos[(int) (ended % REMEMBERED)] = entry.nanos();
    ended++;
  }

  synchronized AgentStats snapshot() {
    long[] sorted = Arrays.copyOf(latestNanos, (int) Math.min(ended, REMEMBERED));
    Arrays.sort(sorted);
    return new AgentStats(
        ended, Math.max(0, open.sum()), percentile(sorted, 0.5), percentile(sorted, 0.9));
  }

  private static double percentile(long[] sorted, double part) {
    return sorted.length == 0 ? 0 : sorted[(int) ((sorted.length - 1) * part)] / 1e6;
  }
}
