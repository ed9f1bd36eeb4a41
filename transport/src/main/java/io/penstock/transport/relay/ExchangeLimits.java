package io.penstock.transport.relay;

/// How long an [HttpExchange] may wait, for whom.
///
/// @param openNanos for the far end
/// @param bodyNanos from one piece of a request body to the next while the far end waits for it
/// @param responseNanos to the response head, from when the far end has taken the last byte of the
///   request, or the last one that it would take
/// @param stallNanos without any progress of a body, in either direction
/// @param upgradedNanos without a byte in either direction of an upgraded connection
public record ExchangeLimits(
    long openNanos, long bodyNanos, long responseNanos, long stallNanos, long upgradedNanos) {

  /// How often an exchange is to be looked at: as often as its shortest limit needs.
  public long checkNanos() {
    return Math.min(
        Math.min(openNanos, bodyNanos),
        Math.min(responseNanos, Math.min(stallNanos, upgradedNanos)));
  }

  /// How much time an exchange has left, from now; 0 when a limit has been reached.
  public long left(HttpExchange exchange, long nowNanos) {
    return Math.max(0, waits(exchange) - (nowNanos - exchange.progressNanos()));
  }

  /// Says whether it is the near end that an exchange waits for, to send the rest of its request.
  public static boolean nearIsLate(HttpExchange exchange) {
    return exchange.far().wasOpened() && !exchange.requestDone() && exchange.wantsInput();
  }

  private long waits(HttpExchange exchange) {
    if (!exchange.far().wasOpened()) {
      return openNanos;
    }
    if (exchange.isTunnel()) {
      return upgradedNanos;
    }
    if (!exchange.isAwaiting()) {
      return stallNanos;
    }
    boolean nearsTurn = !exchange.requestDone() && exchange.wantsInput();
    return nearsTurn ? bodyNanos : responseNanos;
  }
}
