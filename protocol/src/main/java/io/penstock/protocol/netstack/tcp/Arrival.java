package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// What a connection does about a segment that has arrived (RFC 9293 section 3.10.7), in the order
/// of that section.
final class Arrival {

  /// RFC 7323 section 5.5: a timestamp says nothing any more after 24 days of silence.
  private static final long TIMESTAMP_LIFE_NANOS = 24L * 24 * 3600 * 1_000_000_000L;

  private final TcpShared shared;

  Arrival(TcpShared shared) {
    this.shared = shared;
  }

  void process(TcpConnection connection, InSegment segment, ByteBuf packet, long nowNanos) {
    if (connection.state() == TcpState.SYN_SENT) {
      inSynSent(connection, segment, nowNanos);
    } else if (isAcceptable(connection, segment, nowNanos)) {
      accepted(connection, segment, packet, nowNanos);
    }
    shared.wake(connection);
  }

  // ---- 3.10.7.3, SYN-SENT ----

  private void inSynSent(TcpConnection connection, InSegment segment, long nowNanos) {
    Sender sender = connection.sender();
    boolean ack = segment.has(TcpHeader.ACK);
    if (ack && segment.ack != sender.sndNxt()) {
      if (!segment.has(TcpHeader.RST)) {
        shared.answerWithReset(connection, segment);
      }
      return;
    }
    if (segment.has(TcpHeader.RST)) {
      if (ack) {
        shared.counters().resetsIn++;
        connection.end(TcpCloseReason.REFUSED);
      }
      return;
    }
    if (!segment.has(TcpHeader.SYN)) {
      return;
    }
    Departure departure = connection.departure();
    connection.receiver().start(segment.seq + 1);
    if (ack) {
      boolean ecn = segment.has(TcpHeader.ECE) && !segment.has(TcpHeader.CWR);
      departure.agree(segment, ecn);
      completeHandshake(connection, segment, false, nowNanos);
      departure.acknowledge();
    } else {
      // both sides have begun at once
      departure.agree(segment, segment.has(TcpHeader.ECE) && segment.has(TcpHeader.CWR));
      connection.become(TcpState.SYN_RECEIVED);
      departure.synchronize();
    }
  }

  private void completeHandshake(
      TcpConnection connection, InSegment segment, boolean scaled, long nowNanos) {
    Sender sender = connection.sender();
    long sent = sender.synSentNanos();
    sender.onEstablished(segment, scaled, sent < 0 ? -1 : nowNanos - sent, nowNanos);
    connection.established(nowNanos);
  }

  // ---- 3.10.7.4, first: is it acceptable ----

  private boolean isAcceptable(TcpConnection connection, InSegment segment, long nowNanos) {
    Receiver receiver = connection.receiver();
    Departure departure = connection.departure();
    boolean rst = segment.has(TcpHeader.RST);
    if (departure.hasTimestamps() && !rst) {
      if (!segment.hasTimestamps) {
        // RFC 7323 section 3.2: once agreed on, "TSopt MUST be sent in every non-RST segment"
        return false;
      }
      if (SequenceNumber.isBefore(segment.tsVal, receiver.tsRecent())
          && connection.silentNanos(nowNanos) < TIMESTAMP_LIFE_NANOS) {
        shared.counters().pawsDropped++;
        answerUnacceptable(connection, segment, nowNanos);
        return false;
      }
    }
    if (!isInWindow(segment, receiver)) {
      shared.counters().outOfWindow++;
      if (!rst
          && connection.state() == TcpState.SYN_RECEIVED
          && segment.has(TcpHeader.SYN)
          && segment.seq + 1 == receiver.rcvNxt()) {
        synAgain(connection, segment, nowNanos);
      } else if (!rst) {
        reportDuplicate(segment, receiver);
        takeAckOfUnacceptable(connection, segment, nowNanos);
        answerUnacceptable(connection, segment, nowNanos);
      }
      return false;
    }
    return true;
  }

  /// The peer's SYN has come before. With an acknowledgment of ours it is the other half of a
  /// simultaneous open (section 3.5, figure 7), though its number is no longer in the window;
  /// answers to each other's answers would never end.
  private void synAgain(TcpConnection connection, InSegment segment, long nowNanos) {
    if (segment.has(TcpHeader.ACK) && segment.ack == connection.sender().queue().dataStart()) {
      completeHandshake(connection, segment, false, nowNanos);
      connection.departure().acknowledge();
    } else {
      connection.departure().synchronize();
    }
  }

  /// Section 3.4, the four cases.
  private static boolean isInWindow(InSegment segment, Receiver receiver) {
    int rcvNxt = receiver.rcvNxt();
    int window = receiver.windowBytes();
    int length = segment.length();
    int offset = segment.seq - rcvNxt;
    if (length == 0) {
      return window == 0 ? offset == 0 : offset >= 0 && offset < window;
    }
    if (window == 0) {
      return false;
    }
    int endOffset = offset + length - 1;
    return (offset >= 0 && offset < window) || (endOffset >= 0 && endOffset < window);
  }

  private static void reportDuplicate(InSegment segment, Receiver receiver) {
    if (segment.payloadBytes > 0
        && SequenceNumber.isAtOrBefore(segment.seq + segment.payloadBytes, receiver.rcvNxt())) {
      receiver.onDuplicate(segment.seq, segment.seq + segment.payloadBytes);
    }
  }

  /// With a closed window no data is acceptable, but "special allowance should be made ... to
  /// accept valid ACKs" (section 3.10.7.4).
  private void takeAckOfUnacceptable(TcpConnection connection, InSegment segment, long nowNanos) {
    boolean useful =
        connection.state().isSynchronized()
            && connection.receiver().windowBytes() == 0
            && segment.seq == connection.receiver().rcvNxt()
            && (segment.flags & (TcpHeader.ACK | TcpHeader.SYN)) == TcpHeader.ACK;
    if (useful && isAckPlausible(connection.sender(), segment.ack)) {
      takeAck(connection, segment, nowNanos);
    }
  }

  private static boolean isAckPlausible(Sender sender, int ack) {
    return SequenceNumber.isAtOrAfter(ack, sender.sndUna())
        && SequenceNumber.isAtOrBefore(ack, sender.sndNxt());
  }

  /// Data that came twice is acknowledged at once; what carries nothing might be one of many, so
  /// that is answered at a limited rate.
  private void answerUnacceptable(TcpConnection connection, InSegment segment, long nowNanos) {
    if (segment.payloadBytes > 0 || segment.has(TcpHeader.FIN)) {
      connection.departure().acknowledge();
    } else {
      challenge(connection, nowNanos);
    }
  }

  private void challenge(TcpConnection connection, long nowNanos) {
    if (connection.mayChallenge(nowNanos)) {
      shared.counters().challengeAcks++;
      connection.departure().acknowledge();
    }
  }

  // ---- the rest of 3.10.7.4 ----

  private void accepted(
      TcpConnection connection, InSegment segment, ByteBuf packet, long nowNanos) {
    Receiver receiver = connection.receiver();
    if (segment.has(TcpHeader.RST)) {
      reset(connection, segment, nowNanos);
      return;
    }
    if (segment.has(TcpHeader.SYN)) {
      // RFC 5961 section 4: irrespective of the sequence number
      challenge(connection, nowNanos);
      return;
    }
    if (!segment.has(TcpHeader.ACK)) {
      return;
    }
    if (connection.departure().hasTimestamps()
        && SequenceNumber.isAtOrBefore(segment.seq, receiver.lastAckSent())) {
      receiver.setTsRecent(segment.tsVal);
    }
    long silentNanos = connection.silentNanos(nowNanos);
    connection.heard(nowNanos);
    Sender sender = connection.sender();
    int before = sender.sndUna();
    if (!checkAck(connection, segment, nowNanos)) {
      return;
    }
    if (sender.sndUna() == before) {
      sender.onSignOfLife(silentNanos);
    }
    markCongestion(connection, segment);
    if (connection.state().mayReceive()) {
      receive(connection, segment, packet, nowNanos);
    } else if (segment.payloadBytes > 0) {
      connection.departure().acknowledge();
    }
  }

  /// RFC 5961 section 3.2: only the exact number resets, another in the window is asked again.
  private void reset(TcpConnection connection, InSegment segment, long nowNanos) {
    if (segment.seq != connection.receiver().rcvNxt()) {
      challenge(connection, nowNanos);
      return;
    }
    shared.counters().resetsIn++;
    TcpState state = connection.state();
    connection.end(state == TcpState.SYN_RECEIVED ? TcpCloseReason.REFUSED : TcpCloseReason.RESET);
  }

  /// Takes the acknowledgment; false when the segment is not to be looked at further.
  private boolean checkAck(TcpConnection connection, InSegment segment, long nowNanos) {
    Sender sender = connection.sender();
    if (connection.state() == TcpState.SYN_RECEIVED) {
      if (segment.ack != sender.queue().dataStart()) {
        shared.answerWithReset(connection, segment);
        return false;
      }
      completeHandshake(connection, segment, true, nowNanos);
      return true;
    }
    if (SequenceNumber.isAfter(segment.ack, sender.sndNxt())) {
      // RFC 5961 section 5.2
      challenge(connection, nowNanos);
      return false;
    }
    if (SequenceNumber.isBefore(segment.ack, sender.sndUna() - sender.window().largestBytes())) {
      // RFC 5961 section 5.2
      challenge(connection, nowNanos);
      return false;
    }
    if (SequenceNumber.isBefore(segment.ack, sender.sndUna())) {
      return true;
    }
    takeAck(connection, segment, nowNanos);
    return connection.state() != TcpState.CLOSED && connection.state() != TcpState.TIME_WAIT;
  }

  private void takeAck(TcpConnection connection, InSegment segment, long nowNanos) {
    Sender sender = connection.sender();
    // Nobody is left who wants an orphan's bytes to wait for room for ever.
    if (sender.window().isProbeOut() && !connection.isOrphan()) {
      sender.onProbeAnswered();
    }
    segment.tsEcr = connection.echoed(segment.tsEcr);
    boolean advanced = sender.onAck(segment, nowNanos);
    if (!advanced && !connection.isOrphan()) {
      sender.onAnswerOfClosedWindow();
    }
    if (connection.departure().hasEcn() && segment.has(TcpHeader.ECE)) {
      sender.onCongestionEcho(nowNanos);
    }
    if (advanced) {
      connection.tellWritable();
      if (sender.isFinAcknowledged()) {
        Closing.finAcknowledged(connection, nowNanos);
      }
    }
  }

  private static void markCongestion(TcpConnection connection, InSegment segment) {
    Departure departure = connection.departure();
    if (!departure.hasEcn()) {
      return;
    }
    if (segment.has(TcpHeader.CWR)) {
      departure.setEchoCongestion(false);
    }
    if (segment.congestionExperienced) {
      departure.setEchoCongestion(true);
    }
  }

  // ---- text and FIN ----

  private void receive(TcpConnection connection, InSegment segment, ByteBuf packet, long nowNanos) {
    Receiver receiver = connection.receiver();
    Departure departure = connection.departure();
    int old = receiver.rcvNxt() - segment.seq;
    if (segment.has(TcpHeader.FIN)) {
      receiver.notePeerFin(segment.seq + segment.payloadBytes);
    }
    if (old > 0 && segment.payloadBytes > 0) {
      int again = Math.min(old, segment.payloadBytes);
      receiver.onDuplicate(segment.seq, segment.seq + again);
      segment.trimFront(again);
      departure.acknowledge();
    }
    if (segment.payloadBytes > 0) {
      if (connection.isOrphan()) {
        // RFC 9293 section 3.6.1: nobody will read this, which the peer should know
        shared.sendReset(connection);
        connection.end(TcpCloseReason.ABORTED);
        return;
      }
      int before = receiver.readableBytes();
      answer(connection, receiver.receive(segment, packet), nowNanos);
      if (receiver.readableBytes() > before) {
        connection.tell(TcpConnection.READABLE);
      }
    }
    if (receiver.takePeerFin()) {
      departure.acknowledge();
      Closing.peerFinished(connection, nowNanos);
    } else if (segment.has(TcpHeader.FIN)) {
      departure.acknowledge();
    }
  }

  private void answer(TcpConnection connection, Receiver.Urgency urgency, long nowNanos) {
    switch (urgency) {
      case NONE -> {}
      case NOW -> connection.departure().acknowledge();
      case DELAYED ->
          connection.departure().acknowledgeWithin(shared.config().delayedAckNanos(), nowNanos);
    }
  }
}
