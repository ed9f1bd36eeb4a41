package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// Connections that peers begin: what comes for a listener (RFC 9293 section 3.10.7.2) and flows
/// that nobody listened for and that were accepted all the same.
final class PassiveOpen {

  /// How long answers to SYN cookies are looked for after the last cookie was sent: two of their
  /// periods.
  private static final long COOKIE_LIFE_NANOS = 2L * SynCookies.PERIOD_NANOS;

  private final TcpShared shared;
  private final Arrival arrival;
  private final SynCookies cookies;
  private final InSegment restored = new InSegment();
  private long cookiesSentNanos;
  private boolean cookiesSent;

  PassiveOpen(TcpShared shared, Arrival arrival) {
    this.shared = shared;
    this.arrival = arrival;
    cookies = new SynCookies(shared);
  }

  /// Takes a segment of no connection that is for a listener.
  void receive(
      TcpListener listener, IpPacket packet, InSegment segment, ByteBuf buf, long nowNanos) {
    if (segment.has(TcpHeader.RST)) {
      return;
    }
    if (segment.has(TcpHeader.ACK)) {
      onAck(listener, packet, segment, buf, nowNanos);
    } else if (segment.has(TcpHeader.SYN)) {
      onSyn(listener, packet, segment, nowNanos);
    }
  }

  private void onSyn(TcpListener listener, IpPacket packet, InSegment segment, long nowNanos) {
    TcpCounters counters = shared.counters();
    if (listener.isFull()) {
      counters.acceptQueueFull++;
    } else if (shared.isFull()) {
      counters.connectionLimit++;
    } else if (!listener.hasRoomForHandshake()) {
      // The answer to the cookie is for the new connection.
      shared.timeWait().forget(packet);
      cookiesSent = true;
      cookiesSentNanos = nowNanos;
      counters.synCookiesSent++;
      cookies.answer(packet, segment, nowNanos);
    } else {
      TcpConnection connection = begin(packet, segment, nowNanos);
      connection.setListener(listener);
      listener.onHandshakeBegun();
    }
  }

  /// Answers a SYN.
  TcpConnection begin(IpPacket packet, InSegment syn, long nowNanos) {
    TcpConnection connection = take(packet, syn, nowNanos);
    Flow flow = connection.flow();
    int isn = shared.secrets().initialSequenceNumber(flow, nowNanos);
    connection.sender().start(shared.timeWait().reuse(flow, isn));
    connection.departure().synchronize();
    shared.connections().add(connection);
    shared.wake(connection);
    return connection;
  }

  private TcpConnection take(IpPacket packet, InSegment syn, long nowNanos) {
    TcpConnection connection =
        new TcpConnection(shared, Flow.of(packet), TcpState.SYN_RECEIVED, nowNanos);
    connection.receiver().start(syn.seq + 1);
    connection.departure().agree(syn, syn.has(TcpHeader.ECE) && syn.has(TcpHeader.CWR));
    long timeout = shared.config().handshakeTimeoutNanos();
    connection.timers().set(TcpTimer.LIFETIME, Deadlines.after(nowNanos, timeout));
    return connection;
  }

  private void onAck(
      TcpListener listener, IpPacket packet, InSegment segment, ByteBuf buf, long nowNanos) {
    TcpCounters counters = shared.counters();
    boolean mayBeCookie =
        cookiesSent
            && nowNanos - cookiesSentNanos < COOKIE_LIFE_NANOS
            && !segment.has(TcpHeader.SYN);
    if (!mayBeCookie || !cookies.restore(packet, segment, restored, nowNanos)) {
      counters.synCookiesRefused += mayBeCookie ? 1 : 0;
      counters.noFlow++;
      shared.answerWithReset(packet, segment);
      return;
    }
    if (listener.isFull()) {
      // The peer takes it for lost, and tries again.
      counters.acceptQueueFull++;
      return;
    }
    if (shared.isFull()) {
      counters.connectionLimit++;
      return;
    }
    counters.synCookiesAccepted++;
    TcpConnection connection = take(packet, restored, nowNanos);
    connection.sender().start(segment.ack - 1);
    connection.sender().onSynSent(nowNanos);
    connection.receiver().offerWindow(false);
    connection.setListener(listener);
    listener.onHandshakeBegun();
    shared.connections().add(connection);
    arrival.process(connection, segment, buf, nowNanos);
    connection.sender().rtt().forget();
  }
}
