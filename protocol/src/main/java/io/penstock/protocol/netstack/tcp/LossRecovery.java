package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;
import org.jspecify.annotations.Nullable;

/// Finds what is lost of a flight: by the times of RACK and by tail loss probes with SACK (RFC
/// 8985), by duplicate and partial acknowledgments without (RFC 5681, 6582), by the retransmission
/// timer in the end (RFC 6298). [Recovery] says how fast it is repaired.
final class LossRecovery {

  private static final int DUP_ACKS = 3;

  private final TcpTimer.Table timers;
  private final RttEstimator rtt;
  private final CongestionControl congestion;
  private final SegmentSize size;
  private final Flight flight;
  private final Rack rack = new Rack();

  /// Made when something has to be repaired for the first time.
  private @Nullable Recovery recovery;

  /// The probe that is out.
  private @Nullable TailLossProbe tailProbe;

  private int dupAcks;
  private int renoSackedBytes;
  private boolean sack;

  LossRecovery(
      TcpTimer.Table timers,
      RttEstimator rtt,
      CongestionControl congestion,
      SegmentSize size,
      Flight flight) {
    this.flight = flight;
    this.timers = timers;
    this.rtt = rtt;
    this.congestion = congestion;
    this.size = size;
  }

  void negotiated(boolean withSack) {
    sack = withSack;
  }

  // ---- queries ----

  Flight flight() {
    return flight;
  }

  Rack rack() {
    return rack;
  }

  private Recovery recovery() {
    if (recovery == null) {
      recovery = new Recovery(congestion, rack);
    }
    return recovery;
  }

  /// Nothing is being repaired.
  boolean isOpen() {
    return recovery == null || recovery.isOpen();
  }

  boolean isRepairing() {
    return recovery != null && recovery.phase() == Recovery.Phase.REPAIRING;
  }

  /// What is believed to be on its way.
  int pipeBytes() {
    return flight.pipeBytes() - renoSackedBytes;
  }

  // ---- what goes out ----

  void onNewSent(int bytes, long nowNanos) {
    if (recovery != null) {
      recovery.onSendNew(bytes);
    }
    scheduleTailProbe(nowNanos);
  }

  void onRetransmitted(int index, int stamp, long nowNanos) {
    int bytes = flight.bytes(index);
    if (flight.isMtuProbe(index)) {
      // its bytes may arrive in smaller pieces now, which says nothing of its size
      size.onProbeOverdue(nowNanos);
    }
    flight.retransmitted(index, nowNanos);
    recovery().onRetransmit(bytes, stamp);
  }

  // ---- one acknowledgment, in the order of these calls ----

  /// Takes what is acknowledged selectively.
  void onSelective(InSegment segment, int sndNxt, AckReport report) {
    if (!sack) {
      return;
    }
    report.duplicateSack = isDuplicateSack(segment);
    for (int i = report.duplicateSack ? 1 : 0; i < segment.sackBlocks; i++) {
      int start = segment.sackStart[i];
      int end = segment.sackEnd[i];
      if (SequenceNumber.isBefore(start, end)
          && SequenceNumber.isAfter(start, segment.ack)
          && SequenceNumber.isAtOrBefore(end, sndNxt)) {
        report.deliveredBytes += flight.sack(start, end, report);
      }
    }
  }

  private static boolean isDuplicateSack(InSegment segment) {
    if (segment.sackBlocks == 0) {
      return false;
    }
    int start = segment.sackStart[0];
    int end = segment.sackEnd[0];
    if (SequenceNumber.isBefore(start, segment.ack)) {
      return SequenceNumber.isAtOrBefore(end, segment.ack);
    }
    return segment.sackBlocks > 1
        && SequenceNumber.isAtOrAfter(start, segment.sackStart[1])
        && SequenceNumber.isAtOrBefore(end, segment.sackEnd[1]);
  }

  /// Takes what is acknowledged in order.
  void onAdvance(int ack, AckReport report) {
    int bytes = flight.acknowledge(ack, report);
    report.deliveredBytes += bytes;
    if (!sack) {
      renoSackedBytes = Math.max(0, renoSackedBytes - Math.max(0, bytes - size.mss()));
      dupAcks = 0;
    }
  }

  /// Takes an acknowledgment that came before. Of a peer without SACK it stands for one segment
  /// that has arrived.
  void onDuplicate(AckReport report) {
    if (sack || flight.isEmpty()) {
      return;
    }
    dupAcks++;
    int most = flight.outstandingBytes() - flight.lostBytes() - 1;
    int bytes = Math.max(0, Math.min(size.mss(), most - renoSackedBytes));
    renoSackedBytes += bytes;
    report.deliveredBytes += bytes;
  }

  /// Draws the conclusions.
  void onAck(AckReport report, int ack, int sndNxt, long nowNanos) {
    findSpurious(report, sndNxt, nowNanos);
    endTailProbe(ack, report.duplicateSack, nowNanos);
    boolean lossFound = findLosses(report.advanced, sndNxt, nowNanos);
    if (recovery != null) {
      boolean safe = report.advanced && !lossFound;
      recovery.onAck(flight, report.deliveredBytes, safe, size.mss());
    }
    if (isOpen()) {
      renoSackedBytes = sack || report.advanced ? 0 : renoSackedBytes;
    }
  }

  private void findSpurious(AckReport report, int sndNxt, long nowNanos) {
    boolean spurious = false;
    if (report.duplicateSack) {
      rack.onDuplicateSack(flight.una(), sndNxt);
      spurious = recovery().onDuplicateSack();
    }
    if (isOpen()) {
      return;
    }
    if (report.advanced && report.hasEcho()) {
      spurious |= recovery().isEchoOfOriginal(report.echo());
    } else if (report.advanced && sack) {
      spurious |= recovery().isOriginalDeliveredAfterTimeout(report);
    }
    if (spurious) {
      recovery().undo(flight, nowNanos);
    }
  }

  private void endTailProbe(int ack, boolean duplicateSack, long nowNanos) {
    TailLossProbe probe = tailProbe;
    if (probe == null || !probe.isEndedBy(ack)) {
      return;
    }
    tailProbe = null;
    if (probe.hasRepaired(ack, duplicateSack) && isOpen()) {
      congestion.onCongestion(flight.outstandingBytes() + size.mss(), nowNanos);
    }
  }

  private boolean findLosses(boolean advanced, int sndNxt, long nowNanos) {
    int before = flight.lostBytes();
    boolean recovering = !isOpen();
    timers.clear(TcpTimer.REORDER);
    if (sack) {
      detectByTime(nowNanos);
    } else if (dupAcks >= DUP_ACKS && !recovering) {
      flight.markLost(0);
    } else if (advanced
        && isRepairing()
        && SequenceNumber.isBefore(flight.una(), recovery().recoverSeq())
        && !flight.isEmpty()) {
      // RFC 6582 section 3.2: a partial acknowledgment names the next lost segment
      flight.markLost(0);
    }
    return beginIfLost(before, sndNxt, nowNanos);
  }

  private void detectByTime(long nowNanos) {
    long wait = rack.detect(flight, !isOpen(), rtt, nowNanos);
    if (wait > 0) {
      timers.set(TcpTimer.REORDER, Deadlines.after(nowNanos, wait));
    }
  }

  private boolean beginIfLost(int lostBefore, int sndNxt, long nowNanos) {
    boolean found = flight.lostBytes() > lostBefore;
    if (found && isOpen()) {
      int first = flight.firstLost();
      boolean probe = first >= 0 && flight.isMtuProbe(first);
      boolean probeOnly = probe && flight.lostBytes() == flight.bytes(first);
      if (probe) {
        size.onProbeOverdue(nowNanos);
      }
      recovery().begin(flight, sndNxt, !probeOnly, nowNanos);
      tailProbe = null;
      timers.clear(TcpTimer.LOSS_PROBE);
    }
    return found;
  }

  // ---- probes, timers, signs of the path ----

  /// Something was sent or acknowledged: the tail is silent if nothing comes for so long.
  void scheduleTailProbe(long nowNanos) {
    if (!sack || !isOpen() || flight.sackedBytes() > 0 || tailProbe != null) {
      timers.clear(TcpTimer.LOSS_PROBE);
      return;
    }
    long deadline = Deadlines.after(nowNanos, TailLossProbe.timeoutNanos(rtt, flight));
    timers.set(
        TcpTimer.LOSS_PROBE, Deadlines.earlier(deadline, timers.deadline(TcpTimer.RETRANSMIT)));
  }

  /// A loss probe goes out, with new bytes or with the last segment again.
  void onTailProbe(int sndNxt, boolean again) {
    tailProbe = new TailLossProbe(sndNxt, again);
  }

  void onReorderTimer(int sndNxt, long nowNanos) {
    int before = flight.lostBytes();
    detectByTime(nowNanos);
    beginIfLost(before, sndNxt, nowNanos);
  }

  /// The first segment in flight is overdue: all count as lost.
  void onRetransmitTimer(int sndNxt, long nowNanos) {
    flight.markAllLost();
    recovery().timedOut(flight, sndNxt, nowNanos);
    renoSackedBytes = 0;
    dupAcks = 0;
    tailProbe = null;
    timers.clear(TcpTimer.LOSS_PROBE);
    timers.clear(TcpTimer.REORDER);
  }

  /// The peer says that the path is full (RFC 3168 section 6.1.2).
  ///
  /// @return whether the window was lowered for it
  boolean onCongestionEcho(int sndNxt, long nowNanos) {
    return recovery().onCongestionMark(flight, sndNxt, nowNanos);
  }

  /// Segments have become smaller: what is larger goes out again in pieces.
  void repairLargerThan(int mss, int sndNxt, long nowNanos) {
    boolean any = false;
    for (int i = 0; i < flight.size(); i++) {
      if (flight.bytes(i) > mss && !flight.isSacked(i)) {
        flight.markLost(i);
        any = true;
      }
    }
    if (any && isOpen()) {
      recovery().begin(flight, sndNxt, false, nowNanos);
    }
  }
}
