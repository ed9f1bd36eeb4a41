package io.penstock.it.netstack.script;

/// The time of a script that is played in real time.
///
/// What happens when the script says so is what sets the clock: a timer of the kernel that fires
/// three milliseconds late has not made the next one late as well. So the clock stands, at each
/// event, at the time that the script has for it, and runs on from there.
///
/// **What is close enough.** The kernel counts in ticks of up to 10 ms, begins with a part of one,
/// and rounds a timer of more than 64 ticks up by an eighth at most; so a packet may come
/// [#EARLY_NANOS] before its time, and [#LATE_NANOS] behind it, to which an eighth of what its
/// timer has run is added when nothing else happened for [#LONG_NANOS]. When a timer began is not
/// known, only that it was not before the kernel's last packet. On a machine with much to do this
/// process is late itself: it knows when it last found nothing, and a packet may have come at any
/// time since.
final class ScriptClock {

  static final long EARLY_NANOS = 6_000_000;
  static final long LATE_NANOS = 15_000_000;
  private static final long LONG_NANOS = 200_000_000;

  /// What we ourselves may be late over a play, before it says nothing about the kernel: each delay
  /// shifts what follows against the timers that run since before.
  static final long DISTURBED_NANOS = 5_000_000;

  private final long beginNanos = System.nanoTime();
  private long scriptNanos;
  private long realNanos = beginNanos;
  private long sentNanos;
  private long lateNanos;

  /// The time of the script at the last event.
  long nanos() {
    return scriptNanos;
  }

  /// How long it is until a time of the script, now.
  long untilNanos(long atNanos) {
    return realOf(atNanos) - System.nanoTime();
  }

  private long realOf(long atNanos) {
    return realNanos + (atNanos - scriptNanos);
  }

  /// When a packet that is expected at a time counts as missing.
  long latestNanos(long atNanos) {
    long waited = atNanos - scriptNanos;
    return atNanos + LATE_NANOS + (waited >= LONG_NANOS ? (atNanos - sentNanos) / 8 : 0);
  }

  /// A packet has come between two instants, where one is expected at some time of the script: the
  /// clock then stands at that time if it came close enough, and at the time of the packet
  /// otherwise.
  void arrived(long atNanos, long fromNanos, long toNanos) {
    long expected = realOf(atNanos);
    if (toNanos - (expected - EARLY_NANOS) < 0 || fromNanos - realOf(latestNanos(atNanos)) > 0) {
      unexpected(toNanos);
    } else {
      // It may have waited for us; then it was on time. How long is not known, and it may as well
      // have come late: what follows it in the script then comes at another time, too.
      late(toNanos - fromNanos - TunWire.LOOK_NANOS);
      set(atNanos, fromNanos - expected >= 0 ? fromNanos : Math.min(toNanos, expected));
      sentNanos = scriptNanos;
    }
  }

  /// A packet has come that nobody expected.
  void unexpected(long nowNanos) {
    set(scriptNanos + Math.max(0, nowNanos - realNanos), nowNanos);
    sentNanos = scriptNanos;
  }

  /// It is this time of the script now, or was until now.
  void reached(long atNanos) {
    long now = System.nanoTime();
    late(now - realOf(atNanos));
    set(atNanos, now);
  }

  private void late(long nanos) {
    lateNanos += Math.max(0, nanos);
  }

  private void set(long atNanos, long nowNanos) {
    scriptNanos = atNanos;
    realNanos = nowNanos;
  }

  /// How far the time that has passed is from that of the script.
  long driftNanos() {
    return Math.abs(realNanos - beginNanos - scriptNanos);
  }

  /// Whether we were so late that the script was not played as it is written.
  boolean disturbed() {
    return lateNanos > DISTURBED_NANOS;
  }
}
