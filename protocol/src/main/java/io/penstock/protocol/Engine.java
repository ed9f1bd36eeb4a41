package io.penstock.protocol;

/// A state machine that is driven from outside: the part of the contract that all engines share.
///
/// The full set of verbs is: `receive` takes input, commands such as `open`, `write` and `close`
/// act, [#onDeadline] lets time pass, `transmit` hands out what is to be sent until nothing is
/// left, and `pollEvent` tells at control rate what happened. After any call the driver drains the
/// output, reads the deadline again, and drains the events.
///
/// Times are nanoseconds of one monotonic clock that the driver chooses. An engine is not
/// thread-safe.
public interface Engine {

  /// Returns when [#onDeadline] wants to be called, or [Deadlines#NONE] when the engine is idle.
  long nextDeadlineNanos();

  /// Lets time-driven work happen that is due at `nowNanos`; harmless when nothing is due.
  void onDeadline(long nowNanos);
}
