package io.penstock.protocol.netstack.tcp;

/// The states of a connection (RFC 9293 section 3.3.2).
///
/// ```
///            connect                      SYN taken
///               |                             |
///           SYN_SENT ------- SYN -----> SYN_RECEIVED
///               |  SYN,ACK                    | ACK
///               +--------> ESTABLISHED <------+
///                finish /              \ FIN
///            FIN_WAIT_1                 CLOSE_WAIT
///      ACK /     | FIN   \ FIN,ACK           | finish
///  FIN_WAIT_2  CLOSING    \              LAST_ACK
///       \ FIN    | ACK     \                 | ACK
///        +---------> TIME_WAIT             CLOSED
/// ```
///
/// LISTEN is not among them: that is a [TcpListener]. A connection that enters TIME_WAIT leaves
/// only a small record behind, see [TimeWaitTable].
public enum TcpState {
  SYN_SENT,
  SYN_RECEIVED,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  CLOSE_WAIT,
  CLOSING,
  LAST_ACK,
  TIME_WAIT,
  CLOSED;

  /// Both sides have seen each other's SYN.
  public boolean isSynchronized() {
    return switch (this) {
      case SYN_SENT, SYN_RECEIVED, CLOSED -> false;
      case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT -> true;
    };
  }

  /// The peer has not yet ended its stream.
  public boolean mayReceive() {
    return this == ESTABLISHED || this == FIN_WAIT_1 || this == FIN_WAIT_2;
  }

  /// We have not yet ended ours.
  public boolean maySend() {
    return this == ESTABLISHED || this == CLOSE_WAIT;
  }
}
