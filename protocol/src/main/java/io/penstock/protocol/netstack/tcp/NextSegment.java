package io.penstock.protocol.netstack.tcp;

/// What of a [Sender] may go out next: lost segments, new bytes, a probe of the path MTU. Each
/// answer holds until something is sent or acknowledged.
final class NextSegment {

  private NextSegment() {}

  /// The lost segment to send again now, -1 for none.
  static int lost(Sender sender, long nowNanos) {
    Flight flight = sender.flight();
    int index = flight.firstLost();
    if (index < 0 || !sender.quota().paceAllows(sender.timers(), nowNanos)) {
      return -1;
    }
    int bytes = Math.min(flight.bytes(index), sender.size().mss());
    int pipe = sender.losses().pipeBytes();
    return pipe <= 0 || sender.congestion().cwnd() - pipe >= bytes ? index : -1;
  }

  /// How many new bytes to send now, at most `maxBytes`: a multiple of the segment size or the last
  /// ones; 0 for none.
  static int newBytes(Sender sender, int maxBytes, long nowNanos) {
    SendQueue queue = sender.queue();
    int unsent = queue.unsentBytes();
    if (unsent <= 0) {
      return 0;
    }
    int mss = sender.size().mss();
    int room = sender.roomInWindow();
    boolean worthUsing = sender.window().isWorthUsing(room, unsent, mss);
    if (!worthUsing && !(room > 0 && queue.isPushed())) {
      sender.onWindowClosed(nowNanos);
      return 0;
    }
    int bytes = Math.min(Math.min(unsent, room), Math.max(mss, maxBytes / mss * mss));
    if (bytes < mss && queue.nagleHolds(bytes, unsent, sender.sndUna())) {
      return 0;
    }
    int pipe = sender.losses().pipeBytes();
    int allowed = sender.congestion().cwnd() - pipe;
    if (pipe > 0 && allowed < Math.min(bytes, mss)) {
      sender.quota().setHeld(true);
      return 0;
    }
    if (!sender.quota().paceAllows(sender.timers(), nowNanos)) {
      return 0;
    }
    return bytes > mss ? wholeSegments(sender, bytes, allowed) : bytes;
  }

  /// As many of the bytes as the quota allows, without a small segment that should wait.
  private static int wholeSegments(Sender sender, int wanted, int allowed) {
    SendQueue queue = sender.queue();
    int mss = sender.size().mss();
    int bytes = Math.min(wanted, Math.max(mss, allowed / mss * mss));
    int tail = bytes % mss;
    boolean tailWaits =
        bytes < queue.unsentBytes() || queue.nagleHolds(tail, tail, sender.sndUna());
    return tail != 0 && tailWaits ? bytes - tail : bytes;
  }

  /// The payload of a segment that probes for a larger path MTU, 0 when it is not the time.
  static int mtuProbeBytes(Sender sender, long nowNanos) {
    SegmentSize size = sender.size();
    LossRecovery losses = sender.losses();
    if (size.isProbeOut() || !losses.isOpen() || sender.flight().sackedBytes() > 0) {
      return 0;
    }
    int bytes = size.probePayload(nowNanos);
    boolean fits =
        bytes <= sender.queue().unsentBytes()
            && bytes <= sender.roomInWindow()
            && bytes <= sender.congestion().cwnd() - losses.pipeBytes();
    if (bytes > 0 && !fits) {
      size.onProbePostponed();
      return 0;
    }
    return bytes;
  }

  /// New bytes that go out as a loss probe, past the congestion window.
  static int tailProbeBytes(Sender sender) {
    return Math.min(sender.queue().unsentBytes(), sender.size().mss());
  }
}
