package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;

/// How connections are closed, in whatever order the two sides do it (RFC 9293 section 3.6).
final class Closing {

  private Closing() {}

  /// The owner is done and wants nothing more of what comes.
  ///
  /// @param unread bytes have come that it will not read now: the peer should know (section 3.6.1)
  static void byOwner(TcpConnection connection, boolean unread) {
    switch (connection.state()) {
      case SYN_SENT -> connection.end(TcpCloseReason.ABORTED);
      case SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT -> {
        if (unread) {
          connection.abort();
        } else {
          connection.finish();
        }
      }
      case FIN_WAIT_1 -> {
        if (unread) {
          connection.abort();
        }
      }
      case FIN_WAIT_2 -> {
        if (unread) {
          connection.abort();
        } else {
          limitLifetime(connection);
        }
      }
      case CLOSING, LAST_ACK, TIME_WAIT, CLOSED -> {}
    }
  }

  /// Nobody owns the connection any more and only the peer's FIN is missing, which may never come.
  private static void limitLifetime(TcpConnection connection) {
    TcpShared shared = connection.shared();
    long orphan = shared.config().orphanNanos();
    connection.timers().set(TcpTimer.LIFETIME, Deadlines.after(shared.nowNanos(), orphan));
    shared.rescheduled(connection);
  }

  /// Our FIN has gone out for the first time.
  static void finSent(TcpConnection connection) {
    connection.become(
        connection.state() == TcpState.CLOSE_WAIT ? TcpState.LAST_ACK : TcpState.FIN_WAIT_1);
  }

  /// The peer has our FIN.
  static void finAcknowledged(TcpConnection connection, long nowNanos) {
    switch (connection.state()) {
      case FIN_WAIT_1 -> {
        connection.become(TcpState.FIN_WAIT_2);
        connection.tell(TcpConnection.END_ACKNOWLEDGED);
        if (connection.isOrphan()) {
          limitLifetime(connection);
        }
      }
      case CLOSING -> connection.enterTimeWait(nowNanos);
      case LAST_ACK -> connection.end(TcpCloseReason.FINISHED);
      case SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT, TIME_WAIT, CLOSED -> {}
    }
  }

  /// The peer's FIN has come, and all bytes before it.
  static void peerFinished(TcpConnection connection, long nowNanos) {
    switch (connection.state()) {
      case ESTABLISHED -> connection.become(TcpState.CLOSE_WAIT);
      case FIN_WAIT_1 -> connection.become(TcpState.CLOSING);
      case FIN_WAIT_2 -> connection.enterTimeWait(nowNanos);
      case SYN_SENT, SYN_RECEIVED, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED -> {}
    }
    connection.tell(TcpConnection.PEER_FINISHED);
  }
}
