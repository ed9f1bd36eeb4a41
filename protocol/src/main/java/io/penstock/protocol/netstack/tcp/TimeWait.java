package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// TIME-WAIT: answers what still comes for connections that have ended, and says when their ends
/// may be used again (RFC 9293 section 3.10.7.4, RFC 1337, RFC 6191).
final class TimeWait {

  /// Nanoseconds in which a port in TIME-WAIT is not used for a new connection: two ticks of the
  /// timestamp clock, so that the new one's are later (RFC 6191).
  private static final long REUSE_AFTER_NANOS = 2_000_000L;

  /// RFC 9293 section 3.4.1, on reuse without timestamps: beyond the last number that was used, and
  /// beyond the widest window without scaling.
  private static final int BEYOND_LAST = 65_537;

  private final TcpShared shared;
  private final TimeWaitTable table;

  TimeWait(TcpShared shared) {
    this.shared = shared;
    table = new TimeWaitTable(shared.secrets(), shared.config());
  }

  int size() {
    return table.size();
  }

  /// Both sides have ended: keeps what is needed to answer.
  void keep(TcpConnection connection, long nowNanos) {
    boolean evicted =
        table.add(
            connection.flow(),
            connection.sender().sndNxt(),
            connection.receiver().rcvNxt(),
            connection.departure().hasTimestamps(),
            connection.receiver().tsRecent(),
            nowNanos);
    shared.counters().timeWaitEvicted += evicted ? 1 : 0;
  }

  /// Takes a segment if it belongs to a connection that has ended, and answers it.
  ///
  /// @return false when it belongs to none, or is a SYN that may begin a new connection
  boolean receive(IpPacket packet, InSegment segment, long nowNanos) {
    int record = table.find(packet);
    if (record == TimeWaitTable.NONE) {
      return false;
    }
    if (segment.has(TcpHeader.RST)) {
      // RFC 1337: a reset must not cut TIME-WAIT short
      return true;
    }
    boolean syn = (segment.flags & (TcpHeader.SYN | TcpHeader.ACK)) == TcpHeader.SYN;
    if (syn && mayReplace(record, segment)) {
      // The record goes when the SYN is answered, which says where it ended.
      return false;
    }
    if (segment.has(TcpHeader.FIN)) {
      table.renew(record, nowNanos);
    }
    if (segment.length() > 0 || segment.seq != table.rcvNxt(record)) {
      answer(record, nowNanos);
    }
    return true;
  }

  /// RFC 6191: a later timestamp, or without them a later sequence number.
  private boolean mayReplace(int record, InSegment segment) {
    if (table.isStamped(record) && segment.hasTimestamps) {
      int age = segment.tsVal - table.tsRecent(record);
      return age > 0 || (age == 0 && SequenceNumber.isAfter(segment.seq, table.rcvNxt(record)));
    }
    return SequenceNumber.isAfter(segment.seq, table.rcvNxt(record));
  }

  private void answer(int record, long nowNanos) {
    Flow flow = table.flowOf(record);
    int seq = table.sndNxt(record);
    int ack = table.rcvNxt(record);
    if (table.isStamped(record)) {
      int stamp = shared.clock().at(nowNanos) + shared.secrets().timestampOffset(flow);
      shared
          .segments()
          .sendStamped(flow, seq, ack, TcpHeader.ACK, 0, stamp, table.tsRecent(record));
    } else {
      shared.segments().sendBare(flow, seq, ack, TcpHeader.ACK, 0);
    }
  }

  /// Whether a new connection may have these ends.
  boolean isFree(Flow flow, long nowNanos) {
    int record = table.find(flow);
    return record == TimeWaitTable.NONE
        || (table.isStamped(record) && table.ageNanos(record, nowNanos) >= REUSE_AFTER_NANOS);
  }

  /// A new connection has these ends now.
  ///
  /// @param isn where it would begin
  /// @return where it begins, beyond all that the one before has sent
  int reuse(Flow flow, int isn) {
    int record = table.find(flow);
    if (record == TimeWaitTable.NONE) {
      return isn;
    }
    int later = SequenceNumber.later(isn, table.sndNxt(record) + BEYOND_LAST);
    table.remove(record);
    shared.counters().timeWaitReused++;
    return later;
  }

  /// Forgets the connection with the ends of a packet, if there was one.
  void forget(IpPacket packet) {
    int record = table.find(packet);
    if (record != TimeWaitTable.NONE) {
      table.remove(record);
    }
  }

  long nextDeadlineNanos() {
    return table.nextDeadlineNanos();
  }

  void onDeadline(long nowNanos) {
    table.onDeadline(nowNanos);
  }
}
