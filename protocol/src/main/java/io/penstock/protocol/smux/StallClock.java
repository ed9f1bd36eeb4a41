package io.penstock.protocol.smux;

import io.penstock.protocol.Deadlines;

/// How much of the stall limit of version 1 is used up.
///
/// While the receive bucket is full, which stops the input of all streams, the clock runs forward;
/// while there is room, it runs backward at the same pace. Bytes that leave the bucket turn it back
/// too, [#PARTS] times the stall limit for a whole bucket. So a reader that stops altogether
/// reaches the limit after just that long, one that takes less than a part of the bucket in each
/// stall limit reaches it later, and one that takes more never does, however long the bucket is
/// full.
final class StallClock {

  /// A part of the bucket must leave it within each stall limit. With the defaults that is 512 KiB
  /// in 5 s, or 0.8 Mbit/s: less than the line of a visitor who fetches more than the bucket holds,
  /// and enough for the neighbours' pages to come through.
  static final int PARTS = 8;

  private final long limitNanos;
  private final double nanosPerByte;
  private long usedNanos;
  private long reckonedAtNanos;
  private boolean forward;

  StallClock(SmuxConfig config, long nowNanos) {
    this.limitNanos = config.stallLimitNanos();
    this.nanosPerByte = (double) limitNanos * PARTS / config.maxReceiveBufferBytes();
    this.reckonedAtNanos = nowNanos;
  }

  /// Takes note that the bucket has changed.
  ///
  /// @param full whether it is full from now on
  /// @param freedBytes what has left it, 0 if something came in
  void changed(boolean full, long freedBytes, long nowNanos) {
    long passed = nowNanos - reckonedAtNanos;
    usedNanos += forward ? passed : -passed;
    // Not above the limit: if it was our thread that was held up, a read just now makes up for it.
    usedNanos = Math.clamp(usedNanos, 0, limitNanos);
    usedNanos = Math.max(0, usedNanos - (long) (freedBytes * nanosPerByte));
    reckonedAtNanos = nowNanos;
    forward = full;
  }

  /// Starts again from nothing, because a stream has just been cut off.
  void restart() {
    usedNanos = 0;
  }

  /// When the limit is reached if nothing changes until then.
  long deadlineNanos() {
    return forward
        ? Deadlines.after(reckonedAtNanos, Math.max(0, limitNanos - usedNanos))
        : Deadlines.NONE;
  }
}
