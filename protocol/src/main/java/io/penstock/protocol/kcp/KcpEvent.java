package io.penstock.protocol.kcp;

/// What a [KcpSession] tells its driver at control rate.
public sealed interface KcpEvent {

  /// The session is over: nothing is sent or received any more and nothing is held.
  record Ended(KcpCloseReason reason) implements KcpEvent {}
}
