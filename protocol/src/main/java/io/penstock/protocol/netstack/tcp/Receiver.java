package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// The receiving half of a connection: what has come, what is offered, and when that is said.
///
/// Bytes are put at their place in one buffer, in order or not; [OutOfOrder] remembers which are
/// there. The window never takes back what it has offered (RFC 9293 section 3.8.6) and grows with
/// what the owner reads in a round trip (dynamic right-sizing). Acknowledgments are sent for every
/// second full segment, at once for whatever is not in order, and after the delay otherwise (RFC
/// 5681 section 4.2); the first of a connection are not delayed, for the sake of slow start.
final class Receiver {

  private static final int QUICK_ACKS = 16;
  private static final int FULL_SEGMENTS_PER_ACK = 2;
  private static final int MAX_UNSCALED_WINDOW = 65_535;
  private static final int MAX_SHIFT = 14;

  /// What one arrival asks of the acknowledgment.
  enum Urgency {
    NONE,
    DELAYED,
    NOW
  }

  private final TcpShared shared;
  private final ByteChunks buffer;
  private @Nullable OutOfOrder outOfOrder;
  private int rcvNxt;

  /// The right edge of the window that was last told.
  private int advertised;

  private int shift;
  private int windowLimit;
  private int unackedBytes;
  private int largestSegment;
  private int quickAcks = QUICK_ACKS;
  private int tsRecent;
  private int lastAckSent;
  private boolean hasPeerFin;
  private int peerFin;
  private int readInRound;
  private long roundEndNanos;

  Receiver(TcpShared shared) {
    this.shared = shared;
    buffer = new ByteChunks(shared.chunks());
    windowLimit = shared.config().initialReceiveBufferBytes();
  }

  /// The shift that we offer: enough for the widest window.
  static int offeredShift(TcpConfig config) {
    int shift = 0;
    while (shift < MAX_SHIFT && MAX_UNSCALED_WINDOW << shift < config.maxReceiveBufferBytes()) {
      shift++;
    }
    return shift;
  }

  /// The peer's SYN has come.
  void start(int firstSequenceNumber) {
    rcvNxt = firstSequenceNumber;
    lastAckSent = firstSequenceNumber;
    advertised = firstSequenceNumber;
  }

  void scale(int windowShift) {
    shift = windowShift;
    if (windowShift == 0) {
      windowLimit = Math.min(windowLimit, MAX_UNSCALED_WINDOW);
    }
  }

  int rcvNxt() {
    return rcvNxt;
  }

  int lastAckSent() {
    return lastAckSent;
  }

  int tsRecent() {
    return tsRecent;
  }

  void setTsRecent(int value) {
    tsRecent = value;
  }

  /// The window as told, from the next byte expected.
  int windowBytes() {
    return Math.max(0, advertised - rcvNxt);
  }

  int windowLimitBytes() {
    return windowLimit;
  }

  int readableBytes() {
    return buffer.length();
  }

  int heldBytes() {
    return buffer.heldBytes();
  }

  boolean hasGap() {
    return outOfOrder != null && !outOfOrder.isEmpty();
  }

  // ---- arrivals ----

  /// Takes the payload of an acceptable segment that begins at or after the next byte expected, or
  /// has been trimmed so; what lies beyond the window is cut off.
  Urgency receive(InSegment segment, ByteBuf packet) {
    int start = segment.seq;
    int bytes = Math.min(segment.payloadBytes, advertised - start);
    if (bytes <= 0) {
      return Urgency.NOW;
    }
    largestSegment = Math.max(largestSegment, Math.min(segment.payloadBytes, 65_535));
    if (start != rcvNxt) {
      quickAcks = Math.max(quickAcks, QUICK_ACKS);
      keepOutOfOrder(start, packet, segment.payloadAt, bytes);
      return Urgency.NOW;
    }
    if (!buffer.put(buffer.length(), packet, segment.payloadAt, bytes)) {
      return Urgency.NONE;
    }
    rcvNxt += bytes;
    boolean filled = hasGap();
    if (outOfOrder != null && filled) {
      int end = outOfOrder.advance(rcvNxt);
      int more = end - rcvNxt;
      rcvNxt = end;
      buffer.extend(bytes + more);
    } else {
      buffer.extend(bytes);
    }
    return filled ? Urgency.NOW : urgencyOf(bytes);
  }

  private void keepOutOfOrder(int start, ByteBuf packet, int at, int bytes) {
    OutOfOrder ranges = ranges();
    if (ranges.hasRoomFor(start, start + bytes)
        && buffer.put(buffer.length() + (start - rcvNxt), packet, at, bytes)) {
      ranges.add(start, start + bytes);
    }
  }

  private OutOfOrder ranges() {
    if (outOfOrder == null) {
      outOfOrder = new OutOfOrder(shared.config().maxGaps());
    }
    return outOfOrder;
  }

  private Urgency urgencyOf(int bytes) {
    unackedBytes += bytes;
    if (quickAcks > 0 || shared.config().delayedAckMillis() == 0) {
      return Urgency.NOW;
    }
    return unackedBytes >= FULL_SEGMENTS_PER_ACK * largestSegment ? Urgency.NOW : Urgency.DELAYED;
  }

  /// Bytes came that were here before.
  void onDuplicate(int start, int end) {
    quickAcks = Math.max(quickAcks, QUICK_ACKS);
    ranges().duplicate(start, end);
  }

  /// A segment in the window says where the peer's stream ends.
  void notePeerFin(int sequenceNumber) {
    if (!hasPeerFin && SequenceNumber.isAtOrBefore(sequenceNumber, advertised)) {
      hasPeerFin = true;
      peerFin = sequenceNumber;
    }
  }

  /// Whether all bytes before the peer's FIN have come; then the FIN is taken.
  boolean takePeerFin() {
    if (!hasPeerFin || rcvNxt != peerFin) {
      return false;
    }
    hasPeerFin = false;
    rcvNxt++;
    advertised = SequenceNumber.later(advertised, rcvNxt);
    return true;
  }

  // ---- reading ----

  @Nullable ByteBuf read(int maxBytes) {
    ByteBuf bytes = buffer.take(maxBytes);
    if (bytes != null) {
      readInRound += bytes.readableBytes();
    }
    return bytes;
  }

  /// Widens the window when its owner reads most of it within a round trip.
  void tune(RttEstimator rtt, long nowNanos) {
    TcpConfig config = shared.config();
    if (!config.autotunes() || (shift == 0 && windowLimit >= MAX_UNSCALED_WINDOW)) {
      return;
    }
    if (nowNanos - roundEndNanos < 0) {
      return;
    }
    int wanted = 2 * readInRound;
    if (wanted > windowLimit && shared.chunks().freeBytes() > 4L * windowLimit) {
      int most = shift == 0 ? MAX_UNSCALED_WINDOW : config.maxReceiveBufferBytes();
      windowLimit = Math.min(most, 2 * wanted);
    }
    readInRound = 0;
    roundEndNanos = nowNanos + rtt.smoothedNanos();
  }

  /// Reading has made so much room that the peer should know at once (RFC 9293 section 3.8.6.2.2).
  boolean wantsUpdate() {
    int gain = rcvNxt + Math.max(0, windowLimit - buffer.length()) - advertised;
    return gain >= Math.min(windowLimit / 2, 2 * Math.max(largestSegment, 536));
  }

  // ---- acknowledgments ----

  /// The window for the header of a segment that is sent now; it counts as told.
  int offerWindow(boolean scaled) {
    int offered = shift == 0 || !scaled ? MAX_UNSCALED_WINDOW : MAX_UNSCALED_WINDOW << shift;
    int free = Math.max(0, windowLimit - buffer.length());
    int edge = rcvNxt + Math.min(offered, free);
    int gain = edge - advertised;
    if (gain < Math.min(windowLimit / 2, largestSegment)) {
      // too little to say (silly window), or less than what was promised
      edge = advertised;
    }
    int applied = scaled ? shift : 0;
    int granule = (1 << applied) - 1;
    int value = (Math.max(0, edge - rcvNxt) + granule) >>> applied;
    value = Math.min(value, MAX_UNSCALED_WINDOW);
    advertised = SequenceNumber.later(advertised, rcvNxt + (value << applied));
    return value;
  }

  /// An acknowledgment of all that has come goes out.
  void onAckSent() {
    lastAckSent = rcvNxt;
    unackedBytes = 0;
    if (quickAcks > 0) {
      quickAcks--;
    }
  }

  int sackBlocks(int roomBytes) {
    return outOfOrder == null || !outOfOrder.hasReport() ? 0 : outOfOrder.reportBlocks(roomBytes);
  }

  void writeSackBlocks(ByteBuf out, int blocks) {
    ranges().writeReport(out, blocks);
  }

  void clear() {
    buffer.clear();
    outOfOrder = null;
  }
}
