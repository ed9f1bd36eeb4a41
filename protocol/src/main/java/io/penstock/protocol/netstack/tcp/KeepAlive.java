package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;

/// Asks a silent peer whether it lives (RFC 9293 section 3.8.4).
final class KeepAlive {

  private final long idleNanos;
  private final long intervalNanos;
  private final int maxProbes;
  private int probes;

  KeepAlive(TcpConfig config) {
    this(config.keepAliveIdleNanos(), config.keepAliveIntervalNanos(), config.keepAliveProbes());
  }

  private KeepAlive(long idleNanos, long intervalNanos, int maxProbes) {
    this.idleNanos = idleNanos;
    this.intervalNanos = intervalNanos;
    this.maxProbes = maxProbes;
  }

  KeepAlive withIdleNanos(long nanos) {
    return new KeepAlive(nanos, intervalNanos, maxProbes);
  }

  /// 0 when the peer is never asked.
  long idleNanos() {
    return idleNanos;
  }

  long firstDeadline(long nowNanos) {
    return idleNanos == 0 ? Deadlines.NONE : Deadlines.after(nowNanos, idleNanos);
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
