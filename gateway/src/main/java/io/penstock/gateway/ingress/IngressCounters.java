package io.penstock.gateway.ingress;

import java.util.concurrent.atomic.LongAdder;

/// What the ingress has counted since it started; the metrics room reads it, any thread may.
public final class IngressCounters {

  private static final int CLASSES = 6;

  private final LongAdder connections = new LongAdder();
  private final LongAdder connectionsAccepted = new LongAdder();
  private final LongAdder connectionsRefused = new LongAdder();
  private final LongAdder inFlight = new LongAdder();
  private final LongAdder receivedBytes = new LongAdder();
  private final LongAdder sentBytes = new LongAdder();
  private final LongAdder aborted = new LongAdder();
  private final LongAdder[] statusClass = new LongAdder[CLASSES];

  public IngressCounters() {
    for (int i = 0; i < CLASSES; i++) {
      statusClass[i] = new LongAdder();
    }
  }

  /// Visitor connections that are open now.
  public long connections() {
    return connections.sum();
  }

  /// Visitor connections accepted so far.
  public long connectionsAccepted() {
    return connectionsAccepted.sum();
  }

  /// Visitor connections closed at once because there were too many.
  public long connectionsRefused() {
    return connectionsRefused.sum();
  }

  /// Requests between their head and the end of their response.
  public long inFlight() {
    return inFlight.sum();
  }

  /// Bytes received from visitors, heads and bodies, above TLS.
  public long receivedBytes() {
    return receivedBytes.sum();
  }

  /// Bytes sent to visitors, heads and bodies, above TLS.
  public long sentBytes() {
    return sentBytes.sum();
  }

  /// Requests whose response was cut short, by either side.
  public long aborted() {
    return aborted.sum();
  }

  /// Responses whose status begins with `hundreds`, from 1 (only `101`) to 5, error pages included.
  public long responses(int hundreds) {
    if (hundreds < 1 || hundreds >= CLASSES) {
      throw new IllegalArgumentException("status class " + hundreds + " is not 1 to 5");
    }
    return statusClass[hundreds].sum();
  }

  void connectionOpened() {
    connectionsAccepted.increment();
    connections.increment();
  }

  void connectionClosed() {
    connections.decrement();
  }

  void connectionRefused() {
    connectionsRefused.increment();
  }

  void requestStarted() {
    inFlight.increment();
  }

  void requestEnded(int status, boolean whole) {
    inFlight.decrement();
    responded(status);
    if (!whole) {
      aborted.increment();
    }
  }

  /// Counts a response, also one to what was no request.
  void responded(int status) {
    int hundreds = status / 100;
    if (hundreds >= 1 && hundreds < CLASSES) {
      statusClass[hundreds].increment();
    }
  }

  void received(long bytes) {
    receivedBytes.add(bytes);
  }

  void sent(long bytes) {
    sentBytes.add(bytes);
  }
}
