package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;

/// Asks a silent peer whether it lives (RFC 9293 section 3.8.4).
final class KeepAlive {

  private final long idleNanos;
  private long intervalNanos;
  private int maxProbes;
  private int probes;

  KeepAlive(long idleNanos, TcpConfig config) {
    this.idleNanos = idleNanos;
    intervalNanos = config.keepAliveIntervalNanos();
    maxProbes = config.keepAliveProbes();
  }

  /// Asks with another interval, and so many times, from the next question on.
  void setProbes(long nanos, int count) {
    intervalNanos = nanos;
    maxProbes = count;
  }

  long idleNanos() {
    return idleNanos;
  }

  long firstDeadline(long nowNanos) {
    return Deadlines.after(nowNanos, idleNanos);
  }

  /// Counts one question and says when the next is due.
  long nextDeadline(long nowNanos) {
    probes++;
    return Deadlines.after(nowNanos, intervalNanos);
  }

  boolean isExhausted() {
    return probes >= maxProbes;
  }

  void onHeard() {
    probes = 0;
  }
}
