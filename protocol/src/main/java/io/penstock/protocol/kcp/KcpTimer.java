package io.penstock.protocol.kcp;

/// The timers of a session.
enum KcpTimer {
  /// When acknowledgements have waited long enough for company.
  ACK,
  /// When the peer, whose window is closed, is to be asked for it again.
  PROBE,
  /// When a peer that owes us acknowledgements has been silent for too long.
  SILENCE,
  /// When a closed session gives up what is not acknowledged.
  LINGER;

  static final int COUNT = values().length;

  /// The place of this timer in an array of deadlines, which never leaves the session.
  @SuppressWarnings("EnumOrdinal")
  int slot() {
    return ordinal();
  }
}
