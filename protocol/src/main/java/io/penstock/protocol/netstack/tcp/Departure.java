package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// Builds what a connection sends: first what is due by itself, then lost segments, new bytes, the
/// FIN, probes, and an acknowledgment alone when nothing else carries it.
final class Departure {

  /// NOP, NOP, timestamps.
  private static final int TIMESTAMP_BYTES = 12;

  private static final int TIMESTAMP_HEAD = 0x0101080a;
  private static final int SACK_HEAD = 0x0101_0500;
  private static final int MAX_OPTION_BYTES = 40;

  // what is due
  private static final int SYN_DUE = 1;
  private static final int ACK_DUE = 2;
  private static final int PEER_PROBE_DUE = 4;
  private static final int WINDOW_PROBE_DUE = 8;
  private static final int NEW_TAIL_PROBE_DUE = 16;
  private static final int TAIL_AGAIN_DUE = 32;

  private final TcpConnection connection;
  private int due;
  private long retransmissions;
  private boolean scaled;
  private boolean timestamps;
  private boolean sack;
  private boolean ecn;
  private boolean echoCongestion;
  private int segmentBytes;

  Departure(TcpConnection connection) {
    this.connection = connection;
    TcpConfig config = connection.shared().config();
    scaled = config.windowScaling();
    timestamps = config.timestamps();
    sack = config.sack();
    ecn = config.ecn();
  }

  // ---- what is due ----

  void synchronize() {
    due |= SYN_DUE;
  }

  void acknowledge() {
    due |= ACK_DUE;
    connection.timers().clear(TcpTimer.DELAYED_ACK);
  }

  void acknowledgeWithin(long delayNanos, long nowNanos) {
    TcpTimer.Table timers = connection.timers();
    if ((due & ACK_DUE) == 0 && !timers.isSet(TcpTimer.DELAYED_ACK)) {
      timers.set(TcpTimer.DELAYED_ACK, Deadlines.after(nowNanos, delayNanos));
    }
  }

  void probePeer() {
    due |= PEER_PROBE_DUE;
  }

  void probeWindow() {
    due |= WINDOW_PROBE_DUE;
  }

  /// @param withNew with new bytes, else with the last segment again
  void probeTail(boolean withNew) {
    due |= withNew ? NEW_TAIL_PROBE_DUE : TAIL_AGAIN_DUE;
  }

  // ---- what was agreed on ----

  /// The peer's SYN says what it can; what we did not offer does not count.
  void agree(InSegment syn, boolean peerEcn) {
    scaled &= syn.windowShift >= 0;
    timestamps &= syn.hasTimestamps;
    sack &= syn.sackPermitted;
    ecn &= peerEcn;
    SegmentSize size = sender().size();
    size.negotiated(syn.mss, timestamps ? TIMESTAMP_BYTES : 0);
    receiver().scale(scaled ? Receiver.offeredShift(shared().config()) : 0);
    sender().negotiated(scaled ? syn.windowShift : 0, sack, timestamps);
    if (timestamps) {
      receiver().setTsRecent(syn.tsVal);
    }
  }

  boolean hasTimestamps() {
    return timestamps;
  }

  boolean hasEcn() {
    return ecn;
  }

  void setEchoCongestion(boolean value) {
    echoCongestion = value;
  }

  long retransmissions() {
    return retransmissions;
  }

  /// The payload of each packet that the last segment is to be cut into, 0 when it is one already.
  int segmentBytes() {
    return segmentBytes;
  }

  // ---- building ----

  /// The next segment, null when there is nothing to send now.
  @Nullable ByteBuf next(long nowNanos) {
    segmentBytes = 0;
    if ((due & SYN_DUE) != 0) {
      return syn(nowNanos);
    }
    if ((due & ACK_DUE) != 0 && sack && receiver().sackBlocks(MAX_OPTION_BYTES) > 0) {
      // Full segments have no room for blocks, so what is missing is told by itself.
      return bare(sender().sndNxt(), nowNanos);
    }
    if (connection.state().isSynchronized()) {
      ByteBuf data = data(nowNanos);
      if (data != null) {
        return data;
      }
    }
    if ((due & PEER_PROBE_DUE) != 0) {
      due &= ~PEER_PROBE_DUE;
      // RFC 9293 section 3.8.4: SEG.SEQ = SND.NXT-1 calls forth an acknowledgment
      return bare(sender().sndNxt() - 1, nowNanos);
    }
    return (due & ACK_DUE) != 0 ? bare(sender().sndNxt(), nowNanos) : null;
  }

  private ByteBuf syn(long nowNanos) {
    due &= ~(SYN_DUE | ACK_DUE);
    boolean again = !sender().flight().isEmpty();
    boolean answer = connection.state() == TcpState.SYN_RECEIVED;
    int flags = TcpHeader.SYN;
    if (answer) {
      flags |= TcpHeader.ACK | (ecn && !again ? TcpHeader.ECE : 0);
    } else if (ecn && !again) {
      // RFC 3168 section 6.1.1.1: after a loss without ECN, for the sake of broken middleboxes
      flags |= TcpHeader.ECE | TcpHeader.CWR;
    }
    ecn &= !again;
    int shift = scaled ? Receiver.offeredShift(shared().config()) : -1;
    int optionBytes = SynOptions.length(timestamps, sack, shift);
    Flow flow = connection.flow();
    ByteBuf out = shared().segments().begin(flow, optionBytes, 0, false);
    int at = out.writerIndex();
    int seq = sender().queue().dataStart() - 1;
    int window = receiver().offerWindow(false);
    int ack = answer ? receiver().rcvNxt() : 0;
    shared().segments().header(out, flow, seq, ack, flags, window, optionBytes);
    int echo = answer ? receiver().tsRecent() : 0;
    int stamp = connection.timestamp(nowNanos);
    SynOptions.write(out, sender().size().offeredMss(), timestamps, stamp, echo, sack, shift);
    sender().onSynSent(nowNanos);
    if (answer) {
      receiver().onAckSent();
    }
    return shared().segments().finish(out, at, flow);
  }

  private @Nullable ByteBuf data(long nowNanos) {
    int lost = NextSegment.lost(sender(), nowNanos);
    if (lost >= 0) {
      return again(lost, nowNanos);
    }
    int tailProbe = due & (NEW_TAIL_PROBE_DUE | TAIL_AGAIN_DUE);
    if (tailProbe != 0) {
      due &= ~tailProbe;
      ByteBuf probe = tailProbe((tailProbe & TAIL_AGAIN_DUE) != 0, nowNanos);
      if (probe != null) {
        return probe;
      }
    }
    if ((due & WINDOW_PROBE_DUE) != 0) {
      due &= ~WINDOW_PROBE_DUE;
      ByteBuf probe = windowProbe(nowNanos);
      if (probe != null) {
        return probe;
      }
    }
    int mtuProbe = NextSegment.mtuProbeBytes(sender(), nowNanos);
    if (mtuProbe > 0) {
      ByteBuf probe = payload(sender().sndNxt(), mtuProbe, TcpHeader.ACK, true, nowNanos);
      sender().onMtuProbeSent(mtuProbe, nowNanos);
      return probe;
    }
    int bytes = NextSegment.newBytes(sender(), shared().maxSegmentBytes(), nowNanos);
    if (bytes > 0) {
      return fresh(bytes, nowNanos);
    }
    return sender().queue().mayFinishWith(0) ? fresh(0, nowNanos) : null;
  }

  private ByteBuf fresh(int bytes, long nowNanos) {
    int seq = sender().sndNxt();
    boolean last = seq + bytes == sender().queue().dataEnd();
    boolean fin = sender().queue().mayFinishWith(bytes);
    int flags = TcpHeader.ACK | (last && bytes > 0 ? TcpHeader.PSH : 0);
    if (fin) {
      flags |= TcpHeader.FIN;
    }
    if (ecn && bytes > 0 && sender().quota().takeReduced()) {
      flags |= TcpHeader.CWR;
    }
    ByteBuf out = payload(seq, bytes, flags, true, nowNanos);
    int mss = sender().size().mss();
    segmentBytes = bytes > mss ? mss : 0;
    sender().onNewSent(bytes, fin, nowNanos);
    if (fin) {
      Closing.finSent(connection);
    }
    return out;
  }

  private ByteBuf again(int index, long nowNanos) {
    Flight flight = sender().flight();
    int mss = sender().size().mss();
    if (flight.bytes(index) > mss + (isFin(index) ? 1 : 0)) {
      flight.split(index, mss);
    }
    int seq = flight.begin(index);
    int end = SequenceNumber.earlier(flight.end(index), sender().queue().dataEnd());
    int bytes = end - seq;
    int flags =
        TcpHeader.ACK | (end == sender().queue().dataEnd() && bytes > 0 ? TcpHeader.PSH : 0);
    if (isFin(index)) {
      flags |= TcpHeader.FIN;
    }
    ByteBuf out = payload(seq, bytes, flags, false, nowNanos);
    sender().onRetransmitted(index, nowNanos);
    retransmissions++;
    shared().counters().retransmissions++;
    return out;
  }

  private boolean isFin(int index) {
    return sender().queue().isFinSent() && sender().flight().end(index) == sender().sndNxt();
  }

  private @Nullable ByteBuf tailProbe(boolean again, long nowNanos) {
    if (again) {
      int last = sender().flight().size() - 1;
      return last >= 0 ? again(last, nowNanos) : null;
    }
    int bytes = NextSegment.tailProbeBytes(sender());
    return bytes > 0 ? fresh(bytes, nowNanos) : null;
  }

  private @Nullable ByteBuf windowProbe(long nowNanos) {
    Flight flight = sender().flight();
    int seq = flight.isEmpty() ? sender().sndNxt() : flight.una();
    if (seq == sender().queue().dataEnd()) {
      return null;
    }
    ByteBuf out = payload(seq, 1, TcpHeader.ACK, false, nowNanos);
    sender().onWindowProbeSent(nowNanos);
    return out;
  }

  private ByteBuf bare(int seq, long nowNanos) {
    return payload(seq, 0, TcpHeader.ACK, false, nowNanos);
  }

  /// A segment with `bytes` bytes from `seq` on, which acknowledges all that has come.
  private ByteBuf payload(int seq, int bytes, int flags, boolean original, long nowNanos) {
    Flow flow = connection.flow();
    int room = MAX_OPTION_BYTES - (timestamps ? TIMESTAMP_BYTES : 0) - 4;
    int blocks = sack ? receiver().sackBlocks(bytes > 0 ? 0 : room) : 0;
    int optionBytes = (timestamps ? TIMESTAMP_BYTES : 0) + (blocks > 0 ? 4 + 8 * blocks : 0);
    SegmentWriter segments = shared().segments();
    ByteBuf out = segments.begin(flow, optionBytes, bytes, ecn && original && bytes > 0);
    int at = out.writerIndex();
    int allFlags = flags | (ecn && echoCongestion ? TcpHeader.ECE : 0);
    int window = receiver().offerWindow(true);
    segments.header(out, flow, seq, receiver().rcvNxt(), allFlags, window, optionBytes);
    if (timestamps) {
      out.writeInt(TIMESTAMP_HEAD);
      out.writeInt(connection.timestamp(nowNanos));
      out.writeInt(receiver().tsRecent());
    }
    if (blocks > 0) {
      out.writeInt(SACK_HEAD | (2 + 8 * blocks));
      receiver().writeSackBlocks(out, blocks);
    }
    if (bytes > 0) {
      sender().queue().copyTo(seq, bytes, out);
    }
    due &= ~ACK_DUE;
    connection.timers().clear(TcpTimer.DELAYED_ACK);
    receiver().onAckSent();
    return segments.finish(out, at, flow);
  }

  private TcpShared shared() {
    return connection.shared();
  }

  private Sender sender() {
    return connection.sender();
  }

  private Receiver receiver() {
    return connection.receiver();
  }
}
