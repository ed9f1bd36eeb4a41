package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Deadlines;
import org.jspecify.annotations.Nullable;

/// The sending half of a connection: what waits, what is in flight, and what may go out next.
///
/// It decides; [Departure] builds the segments that it decides on and tells it of each.
final class Sender {

  private static final int DUP_ACKS = 3;

  /// Section 7.2 of RFC 8985: what a peer may delay its acknowledgment by when one segment is out.
  private static final long PEER_MAX_ACK_DELAY_NANOS = 200_000_000L;

  private static final long TLP_WITHOUT_RTT_NANOS = 1_000_000_000L;

  private enum Tail {
    IDLE,
    /// A loss probe carried new bytes.
    PROBED_NEW,
    /// A loss probe carried the last segment again.
    PROBED_AGAIN
  }

  private final TcpConfig config;
  private final TcpTimer.Table timers;
  private final ByteChunks buffer;
  private final Flight flight = new Flight();
  private final RttEstimator rtt;
  private final Rack rack;
  private final CongestionControl congestion;
  private final SegmentSize size;
  private final TimestampClock clock;

  /// Made when something has to be repaired for the first time.
  private @Nullable Recovery recovery;

  /// Only a connection that is paced has one.
  private @Nullable Pacer pacer;

  private int sndNxt;

  /// The sequence number of the first byte in the buffer.
  private int dataStart;

  private int sndWnd;
  private int maxSndWnd;
  private int sndWl1;
  private int sndWl2;
  private int shift;
  private int dupAcks;
  private int renoSackedBytes;
  private int smallEnd;
  private int tailEnd;
  private Tail tail = Tail.IDLE;
  private int mtuProbeEnd;
  private boolean mtuProbeOut;
  private boolean windowProbeOut;
  private boolean sack;
  private boolean timestamps;
  private boolean noDelay;
  private boolean finQueued;
  private boolean finSent;
  private boolean windowReduced;
  private boolean heldByCwnd;
  private boolean pushNow;
  private long stalledSinceNanos;
  private long lastSentNanos;

  Sender(
      TcpConfig config,
      TcpTimer.Table timers,
      ByteBufAllocator allocator,
      MemoryBudget budget,
      TimestampClock clock,
      SegmentSize size) {
    this.config = config;
    this.timers = timers;
    this.size = size;
    this.clock = clock;
    buffer = new ByteChunks(allocator, budget);
    rtt = new RttEstimator(config);
    rack = new Rack(clock);
    congestion = CongestionControl.of(config.congestion(), size.mss());
    noDelay = config.noDelay();
  }

  // ---- the handshake ----

  void start(int initialSequenceNumber) {
    flight.start(initialSequenceNumber);
    sndNxt = initialSequenceNumber;
    dataStart = initialSequenceNumber + 1;
  }

  void onSynSent(long nowNanos) {
    if (flight.isEmpty()) {
      flight.add(dataStart, nowNanos);
      sndNxt = dataStart;
      stalledSinceNanos = nowNanos;
    } else {
      flight.retransmitted(0, nowNanos);
    }
    timers.set(TcpTimer.RETRANSMIT, rtt.rtoDeadline(nowNanos));
  }

  void negotiated(int windowShift, boolean withSack, boolean withTimestamps) {
    shift = windowShift;
    sack = withSack;
    timestamps = withTimestamps;
    congestion.setMss(size.mss());
  }

  /// The SYN was acknowledged.
  ///
  /// @param rttNanos -1 when the SYN was sent more than once
  void onEstablished(InSegment segment, boolean scaled, long rttNanos, long nowNanos) {
    rack.beginAck(nowNanos, false, 0, rtt);
    flight.acknowledge(dataStart, rack);
    if (rttNanos >= 0) {
      rtt.sample(rttNanos, nowNanos);
    } else {
      rtt.handshakeLostSyn(3 * config.initialRtoNanos());
      congestion.setCwnd(size.mss());
    }
    flight.trim();
    timers.clear(TcpTimer.RETRANSMIT);
    sndWnd = segment.window << (scaled ? shift : 0);
    maxSndWnd = sndWnd;
    sndWl1 = segment.seq;
    sndWl2 = segment.ack;
    smallEnd = dataStart;
  }

  /// When the SYN was first sent, or -1 when it was sent more than once.
  long synSentNanos() {
    return flight.isRetransmitted(0) ? -1 : flight.sentNanos(0);
  }

  // ---- commands ----

  int writableBytes() {
    int limit =
        Math.clamp(
            2L * congestion.cwnd(), config.initialSendBufferBytes(), config.maxSendBufferBytes());
    return finQueued ? 0 : Math.max(0, limit - buffer.length());
  }

  boolean write(ByteBuf bytes, int count) {
    return buffer.append(bytes, count);
  }

  void finish() {
    finQueued = true;
  }

  void setNoDelay(boolean value) {
    noDelay = value;
  }

  boolean noDelay() {
    return noDelay;
  }

  // ---- queries ----

  int sndUna() {
    return flight.una();
  }

  int sndNxt() {
    return sndNxt;
  }

  int sndWnd() {
    return sndWnd;
  }

  int maxSndWnd() {
    return maxSndWnd;
  }

  Flight flight() {
    return flight;
  }

  RttEstimator rtt() {
    return rtt;
  }

  CongestionControl congestion() {
    return congestion;
  }

  SegmentSize size() {
    return size;
  }

  ByteChunks buffer() {
    return buffer;
  }

  private Recovery recovery() {
    if (recovery == null) {
      recovery = new Recovery(congestion, rack, clock);
    }
    return recovery;
  }

  /// Nothing is being repaired.
  private boolean isOpen() {
    return recovery == null || recovery.isOpen();
  }

  private boolean isRepairing() {
    return recovery != null && recovery.phase() == Recovery.Phase.REPAIRING;
  }

  boolean isFinSent() {
    return finSent;
  }

  boolean isFinAcknowledged() {
    return finSent && flight.isEmpty();
  }

  boolean isFinQueued() {
    return finQueued;
  }

  int dataStart() {
    return dataStart;
  }

  /// Behind the last byte that the owner has written.
  int dataEnd() {
    return dataStart + buffer.length();
  }

  private int unsentBytes() {
    return finSent ? 0 : dataEnd() - sndNxt;
  }

  private int pipe() {
    return flight.pipeBytes() - renoSackedBytes;
  }

  // ---- what goes out ----

  /// The lost segment to send again now, -1 for none.
  int nextRetransmission(long nowNanos) {
    int index = flight.firstLost();
    if (index < 0 || !paceAllows(nowNanos)) {
      return -1;
    }
    int bytes = Math.min(flight.bytes(index), size.mss());
    return pipe() <= 0 || congestion.cwnd() - pipe() >= bytes ? index : -1;
  }

  /// How many new bytes to send now, at most `maxBytes`: a multiple of the segment size or the last
  /// ones; 0 for none.
  int nextNewBytes(int maxBytes, long nowNanos) {
    int unsent = unsentBytes();
    if (unsent <= 0) {
      return 0;
    }
    int mss = size.mss();
    int room = flight.una() + sndWnd - sndNxt;
    if (!windowAllows(unsent, room, mss)) {
      if (flight.isEmpty() && !timers.isSet(TcpTimer.PERSIST)) {
        timers.set(TcpTimer.PERSIST, rtt.rtoDeadline(nowNanos));
      }
      return 0;
    }
    int bytes = Math.min(Math.min(unsent, room), Math.max(mss, maxBytes / mss * mss));
    if (bytes < mss && nagleHolds(bytes, unsent)) {
      return 0;
    }
    int inFlight = pipe();
    int quota = congestion.cwnd() - inFlight;
    if (inFlight > 0 && quota < Math.min(bytes, mss)) {
      heldByCwnd = true;
      return 0;
    }
    if (!paceAllows(nowNanos)) {
      return 0;
    }
    if (bytes > mss) {
      bytes = Math.min(bytes, Math.max(mss, quota / mss * mss));
      int tailBytes = bytes % mss;
      if (tailBytes != 0 && (bytes < unsent || nagleHolds(tailBytes, tailBytes))) {
        bytes -= tailBytes;
      }
    }
    return bytes;
  }

  /// Silly-window avoidance (RFC 9293 section 3.8.6.2.1).
  private boolean windowAllows(int unsent, int room, int mss) {
    if (room <= 0) {
      return false;
    }
    return room >= Math.min(unsent, mss) || room >= maxSndWnd / 2 || pushNow;
  }

  /// Nagle's algorithm as Minshall has it: a small segment waits for the acknowledgment of the last
  /// small one, and not for that of full ones.
  private boolean nagleHolds(int bytes, int unsent) {
    return !noDelay
        && !pushNow
        && !(finQueued && bytes == unsent)
        && SequenceNumber.isAfter(smallEnd, flight.una())
        && !flight.isEmpty();
  }

  private boolean paceAllows(long nowNanos) {
    if (pacer == null || pacer.mayFollow(nowNanos)) {
      return true;
    }
    timers.set(TcpTimer.PACING, pacer.nextNanos(nowNanos));
    return false;
  }

  /// The payload of a segment that probes for a larger path MTU, 0 when it is not the time.
  int nextMtuProbeBytes(long nowNanos) {
    if (mtuProbeOut || !isOpen() || flight.sackedBytes() > 0) {
      return 0;
    }
    int bytes = size.probePayload(nowNanos);
    int room = flight.una() + sndWnd - sndNxt;
    boolean fits = bytes <= unsentBytes() && bytes <= room && bytes <= congestion.cwnd() - pipe();
    if (bytes > 0 && !fits) {
      size.onProbeLost(nowNanos);
      return 0;
    }
    return bytes;
  }

  /// Whether the FIN may go out now: behind the last byte, whatever the window.
  boolean mayFinish() {
    return finQueued && !finSent && unsentBytes() == 0;
  }

  /// Whether a segment with these last bytes may carry the FIN too.
  boolean mayFinishWith(int bytes) {
    return finQueued && !finSent && unsentBytes() == bytes;
  }

  /// A new segment has been built.
  void onNewSent(int bytes, boolean fin, long nowNanos) {
    restartAfterIdle(nowNanos);
    boolean wasEmpty = flight.isEmpty();
    int mss = size.mss();
    int left = bytes;
    while (left > mss) {
      sndNxt += mss;
      flight.add(sndNxt, nowNanos);
      left -= mss;
    }
    sndNxt += left;
    if (left > 0 && left < mss) {
      smallEnd = sndNxt;
    }
    if (fin) {
      finSent = true;
      sndNxt++;
    }
    flight.add(sndNxt, nowNanos);
    pushNow = false;
    afterSent(bytes, wasEmpty, nowNanos);
    if (recovery != null) {
      recovery.onSendNew(bytes);
    }
    scheduleTailProbe(nowNanos);
  }

  void onMtuProbeSent(int bytes, long nowNanos) {
    boolean wasEmpty = flight.isEmpty();
    sndNxt += bytes;
    flight.addMtuProbe(sndNxt, nowNanos);
    mtuProbeOut = true;
    mtuProbeEnd = sndNxt;
    afterSent(bytes, wasEmpty, nowNanos);
  }

  void onRetransmitted(int index, long nowNanos) {
    int bytes = flight.bytes(index);
    flight.retransmitted(index, nowNanos);
    recovery().onRetransmit(bytes, nowNanos);
    afterSent(bytes, false, nowNanos);
  }

  private void afterSent(int bytes, boolean wasEmpty, long nowNanos) {
    lastSentNanos = nowNanos;
    timers.clear(TcpTimer.PERSIST);
    if (wasEmpty) {
      stalledSinceNanos = nowNanos;
      heldByCwnd = false;
    }
    if (config.pacing() && !congestion.isUnlimited()) {
      if (pacer == null) {
        pacer = new Pacer();
      }
      pacer.onSent(bytes, congestion, rtt, size.mss(), nowNanos);
    }
    if (!timers.isSet(TcpTimer.RETRANSMIT)) {
      timers.set(TcpTimer.RETRANSMIT, rtt.rtoDeadline(nowNanos));
    }
  }

  private void restartAfterIdle(long nowNanos) {
    if (flight.isEmpty() && lastSentNanos != 0 && nowNanos - lastSentNanos > rtt.rtoNanos()) {
      congestion.onIdle(nowNanos);
      resetPace();
    }
  }

  private void resetPace() {
    if (pacer != null) {
      pacer.reset();
    }
  }

  /// Whether the next new segment says that the window was reduced; asked once.
  boolean takeWindowReduced() {
    boolean reduced = windowReduced;
    windowReduced = false;
    return reduced;
  }

  // ---- acknowledgments ----

  /// Takes the window of a segment if it is newer than the last (RFC 9293 section 3.10.7.4).
  ///
  /// @return whether it has grown
  boolean updateWindow(InSegment segment) {
    boolean newer =
        SequenceNumber.isBefore(sndWl1, segment.seq)
            || (sndWl1 == segment.seq && SequenceNumber.isAtOrBefore(sndWl2, segment.ack));
    if (!newer) {
      return false;
    }
    int window = segment.window << shift;
    boolean grown = window > sndWnd;
    sndWnd = window;
    maxSndWnd = Math.max(maxSndWnd, window);
    sndWl1 = segment.seq;
    sndWl2 = segment.ack;
    return grown;
  }

  /// Takes an acceptable acknowledgment, of which [#updateWindow] has not heard yet.
  ///
  /// @return whether it covers something new
  boolean onAck(InSegment segment, long nowNanos) {
    int ack = segment.ack;
    int windowBefore = sndWnd;
    int pipeBefore = pipe();
    boolean repairing = isRepairing();
    boolean grown = updateWindow(segment);
    rack.beginAck(nowNanos, timestamps && segment.hasTimestamps, segment.tsEcr, rtt);
    boolean duplicateSack = sack && isDuplicateSack(segment);
    int delivered = sack ? takeSackBlocks(segment, duplicateSack ? 1 : 0) : 0;
    boolean advanced = SequenceNumber.isAfter(ack, flight.una());
    if (advanced) {
      delivered += advance(ack, nowNanos);
    } else if (!sack && !windowProbeOut && isDuplicate(segment, windowBefore)) {
      delivered += countDuplicate();
    }
    sampleRtt(segment, advanced && !duplicateSack, nowNanos);
    findSpurious(segment, advanced, duplicateSack, nowNanos);
    endTailProbe(segment, duplicateSack, nowNanos);
    boolean lossFound = findLosses(advanced, nowNanos);
    if (recovery != null) {
      recovery.onAck(flight, delivered, advanced && !lossFound, size.mss(), nowNanos);
    }
    if (isOpen()) {
      renoSackedBytes = sack || advanced ? 0 : renoSackedBytes;
    }
    // The acknowledgment that ends a repair leaves the window at the threshold (RFC 6582).
    if (advanced && !repairing && !isRepairing() && wasLimited(pipeBefore)) {
      congestion.onAcknowledged(delivered, flight.una(), sndNxt, rtt, nowNanos);
    }
    rearm(advanced, grown, nowNanos);
    return advanced;
  }

  /// RFC 5681 section 2. The answers to probes of a closed window look the same but tell of no
  /// loss.
  private boolean isDuplicate(InSegment segment, int windowBefore) {
    return sndWnd == windowBefore && segment.length() == 0 && !flight.isEmpty();
  }

  private boolean isDuplicateSack(InSegment segment) {
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

  private int takeSackBlocks(InSegment segment, int from) {
    int delivered = 0;
    for (int i = from; i < segment.sackBlocks; i++) {
      int start = segment.sackStart[i];
      int end = segment.sackEnd[i];
      if (SequenceNumber.isBefore(start, end)
          && SequenceNumber.isAfter(start, segment.ack)
          && SequenceNumber.isAtOrBefore(end, sndNxt)) {
        delivered += flight.sack(start, end, rack);
      }
    }
    return delivered;
  }

  private int advance(int ack, long nowNanos) {
    if (mtuProbeOut && SequenceNumber.isAtOrAfter(ack, mtuProbeEnd)) {
      mtuProbeOut = false;
      size.onProbeDelivered();
      congestion.setMss(size.mss());
    }
    int delivered = flight.acknowledge(ack, rack);
    int bytes = SequenceNumber.earlier(ack, dataEnd()) - dataStart;
    if (bytes > 0) {
      buffer.discard(bytes);
      dataStart += bytes;
    }
    if (!sack) {
      renoSackedBytes = Math.max(0, renoSackedBytes - Math.max(0, delivered - size.mss()));
      dupAcks = 0;
    }
    windowProbeOut = false;
    if (timestamps) {
      // the echo tells which transmission was acknowledged, so Karn's rule has nothing to forbid
      rtt.resetBackoff();
    }
    size.onProgress();
    stalledSinceNanos = nowNanos;
    return delivered;
  }

  /// A duplicate acknowledgment of a peer without SACK stands for one segment that has arrived.
  private int countDuplicate() {
    dupAcks++;
    int most = flight.outstandingBytes() - flight.lostBytes() - 1;
    int bytes = Math.max(0, Math.min(size.mss(), most - renoSackedBytes));
    renoSackedBytes += bytes;
    return bytes;
  }

  /// @param echoCounts the acknowledgment covers something new, of which nothing came twice: then
  ///   it would echo what came long before
  private void sampleRtt(InSegment segment, boolean echoCounts, long nowNanos) {
    long sample = rack.sampleNanos();
    if (sample < 0 && echoCounts && timestamps && segment.hasTimestamps) {
      // RFC 7323 section 4.1: an echo is right even for what was sent again
      sample = TimestampClock.nanos(Math.max(0, clock.at(nowNanos) - segment.tsEcr));
    }
    if (sample >= 0) {
      rtt.sample(sample, nowNanos);
    }
  }

  private void findSpurious(
      InSegment segment, boolean advanced, boolean duplicateSack, long nowNanos) {
    boolean spurious = false;
    if (duplicateSack) {
      rack.onDuplicateSack(flight.una(), sndNxt);
      spurious = recovery().onDuplicateSack();
    }
    if (isOpen()) {
      return;
    }
    if (advanced && timestamps && segment.hasTimestamps) {
      spurious |= recovery().isEchoOfOriginal(segment.tsEcr);
    } else if (advanced && sack && !timestamps) {
      spurious |= recovery().isOriginalDeliveredAfterTimeout();
    }
    if (spurious) {
      recovery().undo(flight, nowNanos);
    }
  }

  /// Section 7.4 of RFC 8985: finds out whether the tail that was probed had been lost.
  private void endTailProbe(InSegment segment, boolean duplicateSack, long nowNanos) {
    if (tail == Tail.IDLE || SequenceNumber.isBefore(segment.ack, tailEnd)) {
      return;
    }
    boolean lost =
        tail == Tail.PROBED_AGAIN && !duplicateSack && SequenceNumber.isAfter(segment.ack, tailEnd);
    tail = Tail.IDLE;
    if (lost && isOpen()) {
      congestion.onCongestion(flight.outstandingBytes() + size.mss(), nowNanos);
    }
  }

  private boolean findLosses(boolean advanced, long nowNanos) {
    int before = flight.lostBytes();
    boolean recovering = !isOpen();
    timers.clear(TcpTimer.REORDER);
    if (sack) {
      if (flight.sackedBytes() > 0 || recovering) {
        detectByTime(nowNanos);
      }
    } else if (dupAcks >= DUP_ACKS && !recovering) {
      flight.markLost(0);
    } else if (advanced
        && isRepairing()
        && SequenceNumber.isBefore(flight.una(), recovery().recoverSeq())
        && !flight.isEmpty()) {
      // RFC 6582 section 3.2: a partial acknowledgment names the next lost segment
      flight.markLost(0);
    }
    boolean found = flight.lostBytes() > before;
    if (found && isOpen()) {
      beginRecovery(nowNanos);
    }
    return found;
  }

  private void detectByTime(long nowNanos) {
    long wait = rack.detect(flight, !isOpen(), rtt, nowNanos);
    if (wait > 0) {
      timers.set(TcpTimer.REORDER, Deadlines.after(nowNanos, wait));
    }
  }

  private void beginRecovery(long nowNanos) {
    int first = flight.firstLost();
    boolean probeOnly =
        first >= 0 && flight.isMtuProbe(first) && flight.lostBytes() == flight.bytes(first);
    if (mtuProbeOut && first >= 0 && flight.isMtuProbe(first)) {
      mtuProbeOut = false;
      size.onProbeLost(nowNanos);
    }
    recovery().begin(flight, sndNxt, !probeOnly, nowNanos);
    tail = Tail.IDLE;
    timers.clear(TcpTimer.LOSS_PROBE);
  }

  private boolean wasLimited(int pipeBefore) {
    if (heldByCwnd) {
      heldByCwnd = false;
      return true;
    }
    int cwnd = congestion.cwnd();
    return congestion.inSlowStart() ? cwnd < 2 * pipeBefore : cwnd <= pipeBefore + size.mss();
  }

  private void rearm(boolean advanced, boolean windowGrown, long nowNanos) {
    if (flight.isEmpty()) {
      timers.clear(TcpTimer.RETRANSMIT);
      timers.clear(TcpTimer.LOSS_PROBE);
      timers.clear(TcpTimer.REORDER);
    } else if (advanced) {
      timers.set(TcpTimer.RETRANSMIT, rtt.rtoDeadline(nowNanos));
      scheduleTailProbe(nowNanos);
    }
    if (windowGrown) {
      if (windowProbeOut || timers.isSet(TcpTimer.PERSIST)) {
        rtt.resetBackoff();
      }
      timers.clear(TcpTimer.PERSIST);
      if (windowProbeOut && !flight.isEmpty()) {
        // the byte that probed a closed window goes out again with what follows it
        windowProbeOut = false;
        flight.markLost(0);
      }
    }
  }

  /// Section 7.2 of RFC 8985.
  private void scheduleTailProbe(long nowNanos) {
    if (!sack || !isOpen() || flight.sackedBytes() > 0 || tail != Tail.IDLE) {
      timers.clear(TcpTimer.LOSS_PROBE);
      return;
    }
    long timeout;
    if (rtt.hasSample()) {
      timeout = 2 * rtt.smoothedNanos();
      if (flight.size() == 1) {
        timeout += PEER_MAX_ACK_DELAY_NANOS;
      }
    } else {
      timeout = TLP_WITHOUT_RTT_NANOS;
    }
    long deadline = Deadlines.after(nowNanos, timeout);
    timers.set(
        TcpTimer.LOSS_PROBE, Deadlines.earlier(deadline, timers.deadline(TcpTimer.RETRANSMIT)));
  }

  /// The peer says that the path is full (RFC 3168 section 6.1.2).
  void onCongestionEcho(long nowNanos) {
    if (recovery().onCongestionMark(flight, sndNxt, nowNanos)) {
      windowReduced = true;
    }
  }

  // ---- timers ----

  void onReorderTimer(long nowNanos) {
    int before = flight.lostBytes();
    detectByTime(nowNanos);
    if (flight.lostBytes() > before && isOpen()) {
      beginRecovery(nowNanos);
    }
  }

  /// The tail of the flight is silent.
  ///
  /// @return the segment to send again, -1 when new bytes may go instead
  int onLossProbeTimer(long nowNanos) {
    tailEnd = sndNxt;
    timers.set(TcpTimer.RETRANSMIT, rtt.rtoDeadline(nowNanos));
    int room = flight.una() + sndWnd - sndNxt;
    if (unsentBytes() > 0 && room >= Math.min(unsentBytes(), size.mss())) {
      tail = Tail.PROBED_NEW;
      pushNow = true;
      return -1;
    }
    tail = Tail.PROBED_AGAIN;
    return flight.size() - 1;
  }

  /// New bytes that go out as a loss probe, past the congestion window.
  int tailProbeBytes() {
    return Math.min(unsentBytes(), size.mss());
  }

  /// The first segment in flight is overdue: all count as lost.
  void onRetransmitTimer(long nowNanos) {
    if (size.onTimeout(flight.bytes(0), nowNanos)) {
      congestion.setMss(size.mss());
    }
    if (mtuProbeOut) {
      mtuProbeOut = false;
      size.onProbeLost(nowNanos);
    }
    flight.markAllLost();
    recovery().timedOut(flight, sndNxt, nowNanos);
    renoSackedBytes = 0;
    dupAcks = 0;
    tail = Tail.IDLE;
    resetPace();
    rtt.backOff();
    timers.clear(TcpTimer.LOSS_PROBE);
    timers.clear(TcpTimer.REORDER);
    timers.set(TcpTimer.RETRANSMIT, rtt.rtoDeadline(nowNanos));
  }

  /// The SYN is overdue.
  void onSynTimer(long nowNanos) {
    rtt.backOff();
  }

  /// A window has been closed, or too small, for long: asks what it is.
  ///
  /// @return whether one byte goes out beyond the window; else what fits into it may
  boolean onPersistTimer(long nowNanos) {
    rtt.backOff();
    timers.set(TcpTimer.PERSIST, rtt.rtoDeadline(nowNanos));
    if (flight.una() + sndWnd - sndNxt > 0 && !windowProbeOut) {
      pushNow = true;
      return false;
    }
    return true;
  }

  /// One byte beyond the window has been built, for the first time or again.
  void onWindowProbeSent(long nowNanos) {
    if (flight.isEmpty()) {
      sndNxt++;
      flight.add(sndNxt, nowNanos);
      stalledSinceNanos = windowProbeOut ? stalledSinceNanos : nowNanos;
    } else {
      flight.retransmitted(0, nowNanos);
    }
    windowProbeOut = true;
    timers.clear(TcpTimer.RETRANSMIT);
  }

  boolean isWindowProbeOut() {
    return windowProbeOut;
  }

  /// The peer has answered a probe: it lives, though it takes nothing.
  void onProbeAnswered(long nowNanos) {
    stalledSinceNanos = nowNanos;
  }

  /// How long nothing was acknowledged although something should be.
  long stalledNanos(long nowNanos) {
    return nowNanos - stalledSinceNanos;
  }

  /// The link is back: what waits goes out again at `atNanos`, not at the end of its back-off.
  void onLinkUp(long atNanos) {
    rtt.resetBackoff();
    if (timers.isSet(TcpTimer.RETRANSMIT)) {
      timers.set(TcpTimer.RETRANSMIT, atNanos);
      timers.clear(TcpTimer.LOSS_PROBE);
    }
    if (timers.isSet(TcpTimer.PERSIST)) {
      timers.set(TcpTimer.PERSIST, atNanos);
    }
  }

  /// A router says that a packet which held `sequenceNumber` was too big.
  ///
  /// @return whether segments go out again in smaller pieces
  boolean onPacketTooBig(int mtu, long nowNanos) {
    if (!size.onPacketTooBig(mtu, nowNanos)) {
      return false;
    }
    int mss = size.mss();
    congestion.setMss(mss);
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
    return any;
  }

  void setLinkMtu(int mtu) {
    size.setLinkMtu(mtu);
    congestion.setMss(size.mss());
  }

  void clear() {
    buffer.clear();
  }
}
