package io.penstock.protocol.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.kcp.OutSegment.Cause;
import org.jspecify.annotations.Nullable;

/// The sending half of a session: chops the stream into segments and repeats each one until it is
/// acknowledged.
///
/// Numbers divide the segments: those from `sndUna` to `sndNxt` are in flight (some of them
/// acknowledged out of order), those from `sndNxt` to `sndEnd` have not been sent. Data is copied
/// into buffers of its own, because a slice would keep the whole buffer of its writer alive for as
/// long as the peer likes; small writes are copied into the last segment that was not sent yet.
///
/// Which segment goes out next is decided when the driver asks: first those of a *pass* over the
/// flight, which a due timer or an acknowledgement starts, then new ones as the windows allow.
final class Sender {

  /// What a segment costs beside its data: objects, and what a pool rounds up to.
  static final int SEGMENT_OVERHEAD_BYTES = 256;

  /// A small write is given this much room to grow, so that the next one finds place in it.
  private static final int MIN_SEGMENT_CAPACITY = 128;

  /// What KCP assumes before the peer has spoken.
  private static final int ASSUMED_REMOTE_WINDOW = 32;

  /// From here on only the timeout sends a segment again, so that reordering cannot amplify.
  private static final int MAX_FAST_TRANSMISSIONS = 5;

  /// RFC 5827: with fewer than four segments out, too few acknowledgements can follow to count.
  /// Deviates from kcp-go, which takes one overtaking for a loss whenever its window is full.
  private static final int MAX_EARLY_FLIGHT = 3;

  private enum Pass {
    NONE,
    RUNNING
  }

  private final KcpConfig config;
  private final ByteBufAllocator allocator;
  private final RttEstimator rtt;
  private final CongestionWindow congestion;
  private final SegmentTable<OutSegment> segments = new SegmentTable<>();
  private final FlightList flight = new FlightList();
  private @Nullable OutSegment spares;

  private int sndUna;
  private int sndNxt;
  private int sndEnd;
  private int rmtWnd = ASSUMED_REMOTE_WINDOW;
  private int maxSegments = Integer.MAX_VALUE;
  private int heldBytes;

  private Pass pass = Pass.NONE;
  private long passResendNanos = Deadlines.NONE;
  private long resendNanos = Deadlines.NONE;

  private int ackedInInput;
  private int flightBeforeInput;
  private int overtakenInInput;
  private boolean timestampEchoed;
  private long retransmissions;

  Sender(KcpConfig config, ByteBufAllocator allocator, RttEstimator rtt) {
    this(config, allocator, rtt, 0);
  }

  /// Makes a sender whose first segment has the number `firstSn`, so that a test can wrap it.
  Sender(KcpConfig config, ByteBufAllocator allocator, RttEstimator rtt, int firstSn) {
    this.config = config;
    this.allocator = allocator;
    this.rtt = rtt;
    congestion = new CongestionWindow(config.sndWnd());
    sndUna = firstSn;
    sndNxt = firstSn;
    sndEnd = firstSn;
  }

  // ---- writing ----

  /// How many bytes fit now, at their worst price.
  int writableBytes() {
    int mss = config.mss();
    long free = config.sendBufferBytes() - (long) heldBytes;
    long freeSegments =
        Math.min(
            Math.max(0, free) / (mss + SEGMENT_OVERHEAD_BYTES),
            (long) maxSegments - (sndEnd - sndUna));
    return (int) Math.min(Math.max(0, freeSegments) * mss, Integer.MAX_VALUE);
  }

  /// Takes a copy of all of `bytes`.
  void write(ByteBuf bytes) {
    OutSegment last = sndEnd == sndNxt ? null : segments.get(sndUna, sndEnd - 1);
    if (last != null) {
      append(last, bytes);
    }
    while (bytes.isReadable()) {
      append(enqueue(bytes.readableBytes()), bytes);
    }
  }

  private OutSegment enqueue(int wanted) {
    OutSegment segment = spares;
    if (segment == null) {
      segment = new OutSegment();
    } else {
      spares = segment.next;
      segment.next = null;
    }
    int mss = config.mss();
    int capacity = Math.min(mss, Math.max(wanted, MIN_SEGMENT_CAPACITY));
    ByteBuf data = allocator.buffer(capacity, mss);
    segment.data = data;
    segment.sn = sndEnd;
    segments.put(sndUna, sndEnd, segment);
    sndEnd++;
    heldBytes += data.capacity() + SEGMENT_OVERHEAD_BYTES;
    return segment;
  }

  private void append(OutSegment segment, ByteBuf bytes) {
    ByteBuf data = segment.data;
    if (data == null) {
      return;
    }
    int length = Math.min(bytes.readableBytes(), config.mss() - data.readableBytes());
    int before = data.capacity();
    data.writeBytes(bytes, length);
    heldBytes += data.capacity() - before;
  }

  // ---- what the peer says ----

  void startInput() {
    ackedInInput = 0;
    overtakenInInput = 0;
    flightBeforeInput = flight.size();
  }

  void onRemoteWindow(int wnd) {
    rmtWnd = wnd;
  }

  /// Takes the acknowledgement of one segment, which echoes the time of the transmission it saw.
  void onAck(int sn, int ts) {
    if (sn - sndUna < 0 || sn - sndNxt >= 0) {
      return;
    }
    OutSegment segment = segments.get(sndUna, sn);
    if (segment == null || segment.data == null) {
      return;
    }
    long sentNanos = segment.sentNanos;
    boolean lastTransmission = segment.ts == ts;
    acknowledge(segment);
    slide();
    if (lastTransmission) {
      timestampEchoed = true;
      countOvertaken(sn, sentNanos);
    }
  }

  /// Takes the first number that the peer lacks; one that was never sent is nonsense and ignored.
  void onUna(int una) {
    if (una - sndNxt > 0 || una - sndUna <= 0) {
      return;
    }
    for (OutSegment head = flight.head(); head != null && head.sn - una < 0; head = flight.head()) {
      acknowledge(head);
    }
    slide();
  }

  private void acknowledge(OutSegment segment) {
    flight.remove(segment);
    free(segment);
    ackedInInput++;
  }

  private void free(OutSegment segment) {
    ByteBuf data = segment.data;
    if (data != null) {
      heldBytes -= data.capacity() + SEGMENT_OVERHEAD_BYTES;
      segment.data = null;
      data.release();
    }
  }

  private void slide() {
    OutSegment head = flight.head();
    int una = head == null ? sndNxt : head.sn;
    while (sndUna != una) {
      OutSegment done = segments.remove(sndUna, sndUna);
      sndUna++;
      if (done != null) {
        done.reset();
        done.next = spares;
        spares = done;
      }
    }
  }

  /// An acknowledged transmission has overtaken those of lower numbers that left no later.
  private void countOvertaken(int sn, long sentNanos) {
    for (OutSegment s = flight.head(); s != null && s.sn - sn < 0; s = s.next) {
      if (s.sentNanos - sentNanos <= 0) {
        s.overtaken++;
        overtakenInInput = Math.max(overtakenInInput, s.overtaken);
      }
    }
  }

  /// Draws the conclusions from all acknowledgements of one datagram.
  void endInput() {
    if (ackedInInput > 0 && !config.nc()) {
      congestion.onAcked(ackedInInput, flightBeforeInput, sndUna);
    }
    boolean fast = config.resend() > 0 && overtakenInInput >= config.resend();
    if (overtakenInInput > 0 && (fast || fewFollow())) {
      startPass();
    }
  }

  // ---- time ----

  long deadlineNanos() {
    return flight.head() == null ? Deadlines.NONE : resendNanos;
  }

  void onDeadline() {
    startPass();
  }

  private void startPass() {
    flight.rewind();
    pass = Pass.RUNNING;
    passResendNanos = Deadlines.NONE;
    resendNanos = Deadlines.NONE;
  }

  private void endPass() {
    pass = Pass.NONE;
    resendNanos = Deadlines.earlier(resendNanos, passResendNanos);
  }

  // ---- sending ----

  /// Returns the segment that is to be sent next at `nowNanos`, or null.
  @Nullable OutSegment next(long nowNanos) {
    if (pass == Pass.RUNNING) {
      for (OutSegment s = flight.current(); s != null; s = flight.current()) {
        if (causeToResend(s, nowNanos) != null) {
          return s;
        }
        passResendNanos = Deadlines.earlier(passResendNanos, s.resendNanos);
        flight.advance();
      }
      endPass();
    }
    return mayAdmit() ? segments.get(sndUna, sndNxt) : null;
  }

  private boolean mayAdmit() {
    return sndNxt != sndEnd
        && sndNxt - sndUna < Math.min(config.sndWnd(), rmtWnd)
        && (config.nc() || flight.size() < congestion.segments());
  }

  private boolean fewFollow() {
    return flight.size() <= MAX_EARLY_FLIGHT && !mayAdmit();
  }

  private @Nullable Cause causeToResend(OutSegment segment, long nowNanos) {
    boolean again = segment.transmissions < MAX_FAST_TRANSMISSIONS;
    if (again && config.resend() > 0 && segment.overtaken >= config.resend()) {
      return Cause.FAST;
    }
    if (again && segment.overtaken > 0 && fewFollow()) {
      return Cause.EARLY;
    }
    return Deadlines.isDue(segment.resendNanos, nowNanos) ? Cause.TIMEOUT : null;
  }

  /// Notes that the segment from [#next] goes out now, and says how often it has gone out.
  int sent(OutSegment segment, int ts, long nowNanos) {
    if (segment.transmissions == 0) {
      sndNxt++;
      flight.append(segment);
      segment.rtoNanos = rtt.rtoNanos();
    } else {
      flight.advance();
      retransmissions++;
      resent(segment, causeToResend(segment, nowNanos));
    }
    segment.transmissions++;
    segment.overtaken = 0;
    segment.ts = ts;
    segment.sentNanos = nowNanos;
    segment.resendNanos = Deadlines.after(nowNanos, segment.rtoNanos);
    resendNanos = Deadlines.earlier(resendNanos, segment.resendNanos);
    return segment.transmissions;
  }

  private void resent(OutSegment segment, @Nullable Cause cause) {
    if (cause == Cause.TIMEOUT) {
      segment.rtoNanos = rtt.backedOff(segment.rtoNanos);
      congestion.onTimeout(sndNxt);
    } else {
      segment.rtoNanos = rtt.rtoNanos();
      congestion.onOvertaken(flight.size(), sndNxt);
    }
  }

  // ---- queries and end ----

  /// Holds the sender to `segments` until told otherwise.
  void limitTo(int segments) {
    maxSegments = segments;
  }

  /// Whether everything written has been acknowledged.
  boolean isEmpty() {
    return sndUna == sndEnd;
  }

  /// Whether the peer's closed window is all that holds new segments back.
  boolean isWindowClosed() {
    return rmtWnd == 0 && sndNxt != sndEnd;
  }

  /// Whether the peer has repeated the time that our last transmission of a segment carried.
  boolean timestampEchoed() {
    return timestampEchoed;
  }

  int heldBytes() {
    return heldBytes;
  }

  long retransmissions() {
    return retransmissions;
  }

  void release() {
    for (int sn = sndUna; sn != sndEnd; sn++) {
      OutSegment segment = segments.remove(sndUna, sn);
      if (segment != null) {
        free(segment);
      }
    }
    sndUna = sndEnd;
    sndNxt = sndEnd;
    pass = Pass.NONE;
  }
}
