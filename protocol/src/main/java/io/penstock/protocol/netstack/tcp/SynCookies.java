package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// Answers a SYN without remembering it: what must be known later is in the sequence number of the
/// answer and in its timestamp (RFC 4987 section 3.6).
///
/// ```
/// sequence number  | 24 bits of a keyed hash | 5 bits of time | 3 bits of MSS |
/// timestamp        | 26 bits of the clock    | ecn | sack | 4 bits of window scale |
/// ```
///
/// A cookie is good for one to two minutes. Without timestamps a connection made of one has neither
/// window scaling nor SACK.
final class SynCookies {

  private static final int[] MSS = {64, 536, 1_024, 1_220, 1_340, 1_440, 1_460, 8_960};
  static final long PERIOD_NANOS = 64_000_000_000L;
  private static final int TIME_MASK = 0x1f;
  private static final int NO_SCALE = 15;
  private static final int SACK_BIT = 0x10;
  private static final int ECN_BIT = 0x20;
  private static final int OPTION_MASK = 0x3f;

  private final TcpShared shared;
  private final TcpSecrets secrets;

  SynCookies(TcpShared shared) {
    this.shared = shared;
    secrets = shared.secrets();
  }

  void answer(IpPacket packet, InSegment syn, long nowNanos) {
    TcpConfig config = shared.config();
    Flow flow = Flow.of(packet);
    boolean timestamps = config.timestamps() && syn.hasTimestamps;
    boolean sack = timestamps && config.sack() && syn.sackPermitted;
    boolean scaled = timestamps && config.windowScaling() && syn.windowShift >= 0;
    boolean ecn = timestamps && config.ecn() && syn.has(TcpHeader.ECE) && syn.has(TcpHeader.CWR);
    int shift = scaled ? Receiver.offeredShift(config) : -1;
    int stamp = shared.clock().at(nowNanos) + secrets.timestampOffset(flow);
    int encoded =
        (stamp & ~OPTION_MASK)
            | (scaled ? syn.windowShift : NO_SCALE)
            | (sack ? SACK_BIT : 0)
            | (ecn ? ECN_BIT : 0);
    if (encoded - stamp > 0) {
      // never from the future, or later segments would look old
      encoded -= OPTION_MASK + 1;
    }
    int flags = TcpHeader.SYN | TcpHeader.ACK | (ecn ? TcpHeader.ECE : 0);
    int window = Math.min(65_535, config.initialReceiveBufferBytes());
    int seq = cookie(flow, syn.seq, period(nowNanos), mssIndex(syn.mss, flow.ipv4()));
    shared
        .segments()
        .sendSyn(
            flow,
            seq,
            syn.seq + 1,
            flags,
            window,
            shared.segmentSize(flow, nowNanos).offeredMss(),
            timestamps,
            encoded,
            syn.tsVal,
            sack,
            shift);
  }

  private int period(long nowNanos) {
    return (int) ((nowNanos - secrets.originNanos()) / PERIOD_NANOS);
  }

  private int cookie(Flow flow, int peerSeq, int period, int mssIndex) {
    long extra = (long) peerSeq << 32 | (long) period << 3 | mssIndex;
    int hash = (int) secrets.hash(TcpSecrets.Purpose.COOKIE, flow, extra);
    return hash << 8 | (period & TIME_MASK) << 3 | mssIndex;
  }

  private static int mssIndex(int stated, boolean ipv4) {
    int mss = stated >= 0 ? stated : ipv4 ? 536 : 1_220;
    int index = MSS.length - 1;
    while (index > 0 && MSS[index] > mss) {
      index--;
    }
    return index;
  }

  /// Turns the last segment of a handshake back into the SYN that began it.
  ///
  /// @return false when it acknowledges no cookie of ours
  boolean restore(IpPacket packet, InSegment segment, InSegment syn, long nowNanos) {
    int cookie = segment.ack - 1;
    int now = period(nowNanos);
    int period = now - ((now - (cookie >>> 3)) & TIME_MASK);
    int mssIndex = cookie & 7;
    Flow flow = Flow.of(packet);
    if (period < now - 1 || cookie != cookie(flow, segment.seq - 1, period, mssIndex)) {
      return false;
    }
    int options = segment.hasTimestamps ? segment.tsEcr & OPTION_MASK : NO_SCALE;
    boolean ecn = (options & ECN_BIT) != 0;
    syn.seq = segment.seq - 1;
    syn.flags = TcpHeader.SYN | (ecn ? TcpHeader.ECE | TcpHeader.CWR : 0);
    syn.window = segment.window;
    syn.payloadBytes = 0;
    syn.hasTimestamps = segment.hasTimestamps;
    syn.tsVal = segment.tsVal;
    syn.mss = MSS[mssIndex];
    syn.windowShift = (options & 0xf) == NO_SCALE ? -1 : options & 0xf;
    syn.sackPermitted = (options & SACK_BIT) != 0;
    syn.sackBlocks = 0;
    return true;
  }
}
