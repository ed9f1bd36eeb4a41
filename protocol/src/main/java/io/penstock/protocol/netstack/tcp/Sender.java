package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.Deadlines;

/// The sending half of a connection.
///
/// **Design.** [SendQueue] holds what was written, [SendWindow] what the peer takes, [SendQuota]
/// what the path takes, [LossRecovery] what is in flight and what of it is lost. This class says
/// what follows from acknowledgments and timers for all of them; [NextSegment] weighs them against
/// each other, and [Departure] builds the segments and tells of each.
final class Sender {

  /// So many timeouts in a row are an outage rather than the loss of a segment and of its
  /// repetition.
  private static final int SILENT_TIMEOUTS = 2;

  private final TcpShared shared;
  private final TcpTimer.Table timers;
  private final SegmentSize size;
  private final SendQueue queue;
  private final SendWindow window = new SendWindow();
  private final RttEstimator rtt;
  private final SendQuota quota;
  private final LossRecovery losses;
  private boolean timestamps;
  private long userTimeoutNanos;

  /// When the peer is given up if it acknowledges nothing until then (R2 of RFC 9293 section
  /// 3.8.3); [Deadlines#NONE] while nothing is to be acknowledged, or the peer answers probes of
  /// its window (section 3.8.6.1).
  private long giveUpAtNanos = Deadlines.NONE;

  Sender(TcpShared shared, TcpTimer.Table timers, SegmentSize size) {
    this.shared = shared;
    this.timers = timers;
    this.size = size;
    TcpConfig config = shared.config();
    userTimeoutNanos = config.userTimeoutNanos();
    queue = new SendQueue(new ByteChunks(shared.chunks()), config.noDelay());
    rtt = new RttEstimator(config);
    CongestionControl congestion = CongestionControl.of(config.congestion(), size.mss());
    quota = new SendQuota(congestion, rtt, config.pacing());
    losses = new LossRecovery(timers, rtt, congestion, size, new Flight(shared.flights()));
  }

  // ---- the handshake ----

  void start(int initialSequenceNumber) {
    flight().start(initialSequenceNumber);
    queue.start(initialSequenceNumber);
  }

  void onSynSent(long nowNanos) {
    if (flight().isEmpty()) {
      flight().add(queue.dataStart(), nowNanos);
      queue.onSynSent();
    } else {
      flight().retransmitted(0, nowNanos);
    }
    timers.set(TcpTimer.RETRANSMIT, rtt.rtoDeadline(nowNanos));
  }

  void negotiated(int windowShift, boolean withSack, boolean withTimestamps) {
    window.scale(windowShift);
    losses.negotiated(withSack);
    timestamps = withTimestamps;
    congestion().setMss(size.mss());
  }

  /// The SYN was acknowledged.
  ///
  /// @param rttNanos -1 when the SYN was sent more than once
  void onEstablished(InSegment segment, boolean scaled, long rttNanos, long nowNanos) {
    AckReport report = shared.ackReport();
    report.begin(losses.rack(), false, 0, rtt, nowNanos);
    flight().acknowledge(queue.dataStart(), report);
    if (rttNanos >= 0) {
      rtt.sample(rttNanos, nowNanos);
    } else {
      rtt.handshakeLostSyn(3 * shared.config().initialRtoNanos());
      congestion().setCwnd(size.mss());
    }
    timers.clear(TcpTimer.RETRANSMIT);
    window.start(segment, scaled);
    queue.onEstablished();
  }

  /// When the SYN was first sent, or -1 when it was sent more than once.
  long synSentNanos() {
    return flight().isRetransmitted(0) ? -1 : flight().sentNanos(0);
  }

  // ---- commands ----

  int writableBytes() {
    TcpConfig config = shared.config();
    int limit =
        Math.clamp(
            2L * congestion().cwnd(), config.initialSendBufferBytes(), config.maxSendBufferBytes());
    int held = queue.lengthBytes() + flight().excessBytes();
    return queue.isFinQueued() ? 0 : Math.max(0, limit - held);
  }

  boolean write(ByteBuf bytes, int count) {
    return queue.write(bytes, count);
  }

  void finish() {
    queue.finish();
  }

  void clear() {
    queue.clear();
  }

  // ---- queries ----

  int sndUna() {
    return flight().una();
  }

  int sndNxt() {
    return queue.sndNxt();
  }

  SendQueue queue() {
    return queue;
  }

  SendWindow window() {
    return window;
  }

  Flight flight() {
    return losses.flight();
  }

  RttEstimator rtt() {
    return rtt;
  }

  SendQuota quota() {
    return quota;
  }

  CongestionControl congestion() {
    return quota.congestion();
  }

  SegmentSize size() {
    return size;
  }

  boolean isFinAcknowledged() {
    return queue.isFinSent() && flight().isEmpty();
  }

  LossRecovery losses() {
    return losses;
  }

  TcpTimer.Table timers() {
    return timers;
  }

  /// How many bytes the peer's window has room for behind those that were sent.
  int roomInWindow() {
    return window.room(sndUna(), sndNxt());
  }

  // ---- what went out ----

  /// A new segment has been built.
  void onNewSent(int bytes, boolean fin, long nowNanos) {
    boolean wasEmpty = flight().isEmpty();
    if (wasEmpty) {
      quota.restartAfterIdle(nowNanos);
    }
    int mss = size.mss();
    int left = bytes;
    while (left > mss) {
      queue.onSent(mss);
      flight().add(sndNxt(), nowNanos);
      left -= mss;
    }
    queue.onLastSent(left, left < mss, fin);
    flight().add(sndNxt(), nowNanos);
    afterSent(bytes, wasEmpty, nowNanos);
    losses.onNewSent(bytes, nowNanos);
  }

  void onMtuProbeSent(int bytes, long nowNanos) {
    boolean wasEmpty = flight().isEmpty();
    queue.onSent(bytes);
    flight().addMtuProbe(sndNxt(), nowNanos);
    size.onProbeSent(sndNxt());
    afterSent(bytes, wasEmpty, nowNanos);
  }

  void onRetransmitted(int index, long nowNanos) {
    int bytes = flight().bytes(index);
    losses.onRetransmitted(index, shared.clock().at(nowNanos), nowNanos);
    afterSent(bytes, false, nowNanos);
  }

  private void afterSent(int bytes, boolean wasEmpty, long nowNanos) {
    timers.clear(TcpTimer.PERSIST);
    if (wasEmpty) {
      quota.setHeld(false);
    }
    if (wasEmpty || giveUpAtNanos == Deadlines.NONE) {
      waitForPeer(nowNanos);
      notBeyondGivingUp(TcpTimer.RETRANSMIT);
    }
    quota.onSent(bytes, size.mss(), nowNanos);
    if (!timers.isSet(TcpTimer.RETRANSMIT)) {
      startRetransmitTimer(nowNanos);
    }
  }

  /// One byte beyond the window has been built, for the first time or again.
  void onWindowProbeSent(long nowNanos) {
    if (flight().isEmpty()) {
      queue.onSent(1);
      flight().add(sndNxt(), nowNanos);
    } else {
      flight().retransmitted(0, nowNanos);
    }
    if (!window.isProbeOut() || giveUpAtNanos == Deadlines.NONE) {
      waitForPeer(nowNanos);
    }
    window.setProbeOut(true);
    timers.clear(TcpTimer.RETRANSMIT);
    notBeyondGivingUp(TcpTimer.PERSIST);
  }

  // ---- acknowledgments ----

  /// Takes an acceptable acknowledgment.
  ///
  /// @return whether it covers something new
  boolean onAck(InSegment segment, long nowNanos) {
    int windowBefore = window.bytes();
    int pipeBefore = losses.pipeBytes();
    boolean repairing = losses.isRepairing();
    boolean widened = window.update(segment, sndUna());
    AckReport report = shared.ackReport();
    report.begin(losses.rack(), timestamps && segment.hasTimestamps, segment.tsEcr, rtt, nowNanos);
    losses.onSelective(segment, sndNxt(), report);
    report.advanced = SequenceNumber.isAfter(segment.ack, sndUna());
    if (report.advanced) {
      advance(segment.ack, report, nowNanos);
    } else if (isDuplicate(segment, windowBefore)) {
      losses.onDuplicate(report);
    }
    long sample = report.sampleNanos();
    if (sample >= 0) {
      rtt.sample(sample, nowNanos);
    }
    losses.onAck(report, segment.ack, sndNxt(), nowNanos);
    // The acknowledgment that ends a repair leaves the window at the threshold (RFC 6582).
    if (report.advanced
        && !repairing
        && !losses.isRepairing()
        && quota.takeLimited(pipeBefore, size.mss())) {
      congestion().onAcknowledged(report.deliveredBytes, sndUna(), sndNxt(), rtt, nowNanos);
    }
    rearm(report.advanced, widened, nowNanos);
    return report.advanced;
  }

  /// RFC 5681 section 2. The answers to probes of a closed window look the same but tell of no
  /// loss.
  private boolean isDuplicate(InSegment segment, int windowBefore) {
    return !window.isProbeOut() && window.bytes() == windowBefore && segment.length() == 0;
  }

  private void advance(int ack, AckReport report, long nowNanos) {
    if (size.onAcknowledged(ack)) {
      congestion().setMss(size.mss());
    }
    losses.onAdvance(ack, report);
    queue.discardBefore(ack);
    window.setProbeOut(false);
    if (timestamps) {
      // the echo tells which transmission was acknowledged, so Karn's rule has nothing to forbid
      rtt.resetBackoff();
    }
    size.onProgress(report.longestBytes);
    waitForPeer(nowNanos);
  }

  private void rearm(boolean advanced, boolean windowGrown, long nowNanos) {
    if (flight().isEmpty()) {
      giveUpAtNanos = Deadlines.NONE;
      timers.clear(TcpTimer.RETRANSMIT);
      timers.clear(TcpTimer.LOSS_PROBE);
      timers.clear(TcpTimer.REORDER);
    } else if (advanced) {
      startRetransmitTimer(nowNanos);
      losses.scheduleTailProbe(nowNanos);
    }
    if (windowGrown) {
      if (window.isProbeOut() || timers.isSet(TcpTimer.PERSIST)) {
        rtt.resetBackoff();
      }
      timers.clear(TcpTimer.PERSIST);
      if (window.isProbeOut() && !flight().isEmpty()) {
        // the byte that probed a closed window goes out again with what follows it
        window.setProbeOut(false);
        flight().markLost(0);
      }
    }
  }

  /// The peer says that the path is full (RFC 3168 section 6.1.2).
  void onCongestionEcho(long nowNanos) {
    if (losses.onCongestionEcho(sndNxt(), nowNanos)) {
      quota.onReduced();
    }
  }

  /// The peer has answered a probe: it lives, though it takes nothing.
  void onProbeAnswered() {
    giveUpAtNanos = Deadlines.NONE;
    if (timers.isSet(TcpTimer.PERSIST) && !flight().isEmpty()) {
      timers.set(TcpTimer.PERSIST, rtt.rtoDeadline(flight().sentNanos(0)));
    }
  }

  /// An acknowledgment of nothing new has come: with its window closed over bytes on their way the
  /// peer lives, and does not take them (RFC 9293 section 3.8.6).
  void onAnswerOfClosedWindow() {
    if (window.bytes() == 0 && !window.isProbeOut() && !flight().isEmpty()) {
      long before = giveUpAtNanos;
      giveUpAtNanos = Deadlines.NONE;
      setDueAgain(TcpTimer.RETRANSMIT, before);
      size.onAnswer();
    }
  }

  // ---- how long it may take ----

  private void waitForPeer(long nowNanos) {
    giveUpAtNanos = Deadlines.after(nowNanos, userTimeoutNanos);
  }

  /// Whether nothing was acknowledged for the user timeout although something should be.
  boolean isPeerOverdue(long nowNanos) {
    return Deadlines.isDue(giveUpAtNanos, nowNanos);
  }

  void setUserTimeoutNanos(long nanos) {
    if (nanos == userTimeoutNanos) {
      return;
    }
    long before = giveUpAtNanos;
    if (before != Deadlines.NONE) {
      giveUpAtNanos = Deadlines.after(before, nanos - userTimeoutNanos);
      setDueAgain(TcpTimer.RETRANSMIT, before);
      setDueAgain(TcpTimer.PERSIST, before);
    }
    userTimeoutNanos = nanos;
  }

  private void setDueAgain(TcpTimer timer, long gaveUpAtNanos) {
    if (timers.isSet(timer) && timers.deadline(timer) == gaveUpAtNanos) {
      timers.set(timer, rtt.rtoDeadline(flight().sentNanos(0)));
    }
    notBeyondGivingUp(timer);
  }

  private void startRetransmitTimer(long nowNanos) {
    timers.set(TcpTimer.RETRANSMIT, rtt.rtoDeadline(nowNanos));
    notBeyondGivingUp(TcpTimer.RETRANSMIT);
  }

  private void notBeyondGivingUp(TcpTimer timer) {
    if (timers.isSet(timer)) {
      timers.set(timer, Deadlines.earlier(timers.deadline(timer), giveUpAtNanos));
    }
  }

  // ---- timers ----

  /// Something waits for room in the peer's window; if no acknowledgment will tell of any, it is
  /// probed.
  void onWindowClosed(long nowNanos) {
    if (flight().isEmpty() && !timers.isSet(TcpTimer.PERSIST)) {
      timers.set(TcpTimer.PERSIST, rtt.rtoDeadline(nowNanos));
    }
  }

  void onReorderTimer(long nowNanos) {
    losses.onReorderTimer(sndNxt(), nowNanos);
  }

  /// The tail of the flight is silent.
  ///
  /// @return whether new bytes probe it, else the last segment does again
  boolean onLossProbeTimer(long nowNanos) {
    startRetransmitTimer(nowNanos);
    int unsent = queue.unsentBytes();
    boolean hasNew = unsent > 0 && roomInWindow() >= Math.min(unsent, size.mss());
    losses.onTailProbe(sndNxt(), !hasNew);
    if (hasNew) {
      queue.push();
    }
    return hasNew;
  }

  /// The first segment in flight is overdue.
  void onRetransmitTimer(long nowNanos) {
    if (size.onTimeout(flight().bytes(0), nowNanos)) {
      congestion().setMss(size.mss());
    }
    size.onProbeOverdue(nowNanos);
    losses.onRetransmitTimer(sndNxt(), nowNanos);
    quota.resetPace();
    rtt.backOff();
    startRetransmitTimer(nowNanos);
  }

  /// The SYN is overdue.
  void onSynTimer() {
    rtt.backOff();
  }

  /// A window has been closed, or too small, for long: asks what it is.
  ///
  /// @return whether one byte goes out beyond the window; else what fits into it may
  boolean onPersistTimer(long nowNanos) {
    rtt.backOff();
    timers.set(TcpTimer.PERSIST, rtt.rtoDeadline(nowNanos));
    if (roomInWindow() > 0 && !window.isProbeOut()) {
      queue.push();
      return false;
    }
    return true;
  }

  // ---- the path ----

  /// The link is back: what waits goes out again at `atNanos`, not at the end of its back-off.
  ///
  /// @return whether anything does
  boolean onLinkUp(long atNanos) {
    rtt.resetBackoff();
    boolean waits = false;
    if (timers.isSet(TcpTimer.RETRANSMIT)) {
      timers.set(TcpTimer.RETRANSMIT, atNanos);
      timers.clear(TcpTimer.LOSS_PROBE);
      waits = true;
    }
    if (timers.isSet(TcpTimer.PERSIST)) {
      timers.set(TcpTimer.PERSIST, atNanos);
      waits = true;
    }
    return waits;
  }

  /// Something has come from the peer that acknowledges nothing new. After a silence of several
  /// timeouts it says that the way is there again, for instance because the peer's link is: what
  /// waits goes out one timeout without doublings after it last did, which mostly is now (as RFC
  /// 6069 section 4 does on signs that a loss was no congestion). A peer that was heard meanwhile
  /// says nothing: it may be our own way there that is full.
  void onSignOfLife(long silentNanos) {
    if (rtt.backoff() >= SILENT_TIMEOUTS
        && silentNanos > rtt.rtoNanos() / 2
        && window.bytes() > 0
        && !flight().isEmpty()
        && timers.isSet(TcpTimer.RETRANSMIT)) {
      rtt.resetBackoff();
      timers.set(TcpTimer.RETRANSMIT, rtt.rtoDeadline(flight().sentNanos(0)));
      notBeyondGivingUp(TcpTimer.RETRANSMIT);
    }
  }

  /// A router says that a packet of this connection was too big: segments that are go out again in
  /// smaller pieces.
  void onPacketTooBig(int mtu, long nowNanos) {
    if (size.onPacketTooBig(mtu, nowNanos)) {
      congestion().setMss(size.mss());
      losses.repairLargerThan(size.mss(), sndNxt(), nowNanos);
    }
  }

  void setLinkMtu(int mtu) {
    size.setLinkMtu(mtu);
    congestion().setMss(size.mss());
  }
}
