package io.penstock.transport.snaptun;

import java.util.concurrent.atomic.LongAdder;

/// Counts what the tunnels of one server or client do; may be read and written from any thread.
public final class SnapTunMetrics {

  private final LongAdder tunnels = new LongAdder();
  private final LongAdder established = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder requests = new LongAdder();
  private final LongAdder datagramsSent = new LongAdder();
  private final LongAdder datagramsReceived = new LongAdder();
  private final LongAdder datagramsUnclaimed = new LongAdder();
  private final LongAdder datagramsTooBig = new LongAdder();
  private final LongAdder datagramsFull = new LongAdder();

  public SnapTunMetrics() {}

  /// Tunnels that are established now.
  public long tunnels() {
    return tunnels.sum();
  }

  /// Tunnels that were ever established.
  public long established() {
    return established.sum();
  }

  /// Connections that never became a tunnel.
  public long refused() {
    return refused.sum();
  }

  /// Control requests that were answered, or whose answer came.
  public long requests() {
    return requests.sum();
  }

  /// Packets handed to QUIC.
  ///
  /// Deviates from the original, which leaves out those that waited for room.
  public long datagramsSent() {
    return datagramsSent.sum();
  }

  /// Packets that came, those without a consumer included.
  public long datagramsReceived() {
    return datagramsReceived.sum();
  }

  /// Packets that came before there was a consumer, and were dropped.
  public long datagramsUnclaimed() {
    return datagramsUnclaimed.sum();
  }

  /// Packets that were not sent because the path does not carry so much.
  public long datagramsTooBig() {
    return datagramsTooBig.sum();
  }

  /// Packets that were not taken because there was no room.
  public long datagramsFull() {
    return datagramsFull.sum();
  }

  void countEstablished() {
    tunnels.increment();
    established.increment();
  }

  void countClosed() {
    tunnels.decrement();
  }

  void countRefused() {
    refused.increment();
  }

  void countRequest() {
    requests.increment();
  }

  void countSent() {
    datagramsSent.increment();
  }

  void countReceived() {
    datagramsReceived.increment();
  }

  void countUnclaimed() {
    datagramsUnclaimed.increment();
  }

  void countTooBig() {
    datagramsTooBig.increment();
  }

  void countFull() {
    datagramsFull.increment();
  }
}
