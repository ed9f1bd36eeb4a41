package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;

/// What a connection does when its timers are due, in the order of [TcpTimer].
final class Expiry {

  private final TcpShared shared;

  Expiry(TcpShared shared) {
    this.shared = shared;
  }

  void process(TcpConnection connection, long nowNanos) {
    TcpTimer.Table timers = connection.timers();
    for (TcpTimer due = timers.takeDue(nowNanos); due != null; due = timers.takeDue(nowNanos)) {
      fire(connection, due, nowNanos);
      shared.wake(connection);
    }
  }

  private void fire(TcpConnection connection, TcpTimer timer, long nowNanos) {
    Sender sender = connection.sender();
    switch (timer) {
      case RETRANSMIT -> onRetransmit(connection, nowNanos);
      case LOSS_PROBE -> connection.departure().probeTail(sender.onLossProbeTimer(nowNanos));
      case REORDER -> sender.onReorderTimer(nowNanos);
      case PERSIST -> onPersist(connection, nowNanos);
      case DELAYED_ACK -> connection.departure().acknowledge();
      case PACING -> {}
      case KEEP_ALIVE -> onKeepAlive(connection, nowNanos);
      case LIFETIME -> onLifetime(connection);
    }
  }

  private void onRetransmit(TcpConnection connection, long nowNanos) {
    Sender sender = connection.sender();
    if (connection.state() == TcpState.SYN_SENT || connection.state() == TcpState.SYN_RECEIVED) {
      sender.onSynTimer();
      connection.departure().synchronize();
    } else if (sender.isPeerOverdue(nowNanos)) {
      giveUp(connection, TcpCloseReason.USER_TIMEOUT);
    } else if (!sender.flight().isEmpty()) {
      shared.counters().retransmissionTimeouts++;
      sender.onRetransmitTimer(nowNanos);
    }
  }

  private void onPersist(TcpConnection connection, long nowNanos) {
    Sender sender = connection.sender();
    if (sender.isPeerOverdue(nowNanos) && sender.window().isProbeOut()) {
      giveUp(connection, TcpCloseReason.USER_TIMEOUT);
    } else if (sender.onPersistTimer(nowNanos)) {
      connection.departure().probeWindow();
    }
  }

  private void onKeepAlive(TcpConnection connection, long nowNanos) {
    KeepAlive keepAlive = connection.keepAlive();
    if (keepAlive == null || !connection.state().isSynchronized()) {
      return;
    }
    if (!connection.sender().flight().isEmpty()) {
      startKeepAlive(connection, nowNanos);
    } else if (keepAlive.isExhausted()) {
      giveUp(connection, TcpCloseReason.KEEP_ALIVE_TIMEOUT);
    } else {
      connection.departure().probePeer();
      connection.timers().set(TcpTimer.KEEP_ALIVE, keepAlive.nextDeadline(nowNanos));
    }
  }

  /// Begins to count how long the peer is silent.
  static void startKeepAlive(TcpConnection connection, long nowNanos) {
    KeepAlive keepAlive = connection.keepAlive();
    connection
        .timers()
        .set(
            TcpTimer.KEEP_ALIVE,
            keepAlive == null ? Deadlines.NONE : keepAlive.firstDeadline(nowNanos));
  }

  private static void onLifetime(TcpConnection connection) {
    switch (connection.state()) {
      case SYN_SENT ->
          connection.end(
              connection.isUnreachable()
                  ? TcpCloseReason.UNREACHABLE
                  : TcpCloseReason.CONNECT_TIMEOUT);
      case SYN_RECEIVED -> connection.end(TcpCloseReason.CONNECT_TIMEOUT);
      case FIN_WAIT_2 -> connection.end(TcpCloseReason.FINISHED);
      case ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED -> {}
    }
  }

  private void giveUp(TcpConnection connection, TcpCloseReason reason) {
    shared.sendReset(connection);
    connection.end(reason);
  }
}
