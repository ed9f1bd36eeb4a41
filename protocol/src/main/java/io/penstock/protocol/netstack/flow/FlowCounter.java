package io.penstock.protocol.netstack.flow;

import java.util.Locale;

/// What happens to flows without an owner, counted.
public enum FlowCounter {
  /// A new flow is pending.
  ARRIVED,
  /// A packet came of a flow that was pending.
  ABSORBED,
  /// A flow was dropped because too many were pending.
  TOO_MANY_FLOWS,
  /// A flow was dropped because too many from the same address were pending.
  TOO_MANY_FROM_SOURCE,
  /// A packet was dropped because too much memory is held already.
  TOO_MANY_BYTES,
  /// A flow was given to whoever accepted it.
  ACCEPTED,
  /// A flow was refused.
  REFUSED,
  /// A flow was dropped in silence because the answer was to do so.
  DROPPED,
  /// Nobody answered in time.
  EXPIRED;

  private final String code = name().toLowerCase(Locale.ROOT);

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }
}
