package io.penstock.protocol.smux;

/// What a session tells its driver at control rate; bytes are told by [SmuxSession#pollReady].
public sealed interface SmuxEvent {

  /// The peer opened a stream.
  record StreamOpened(SmuxStream stream) implements SmuxEvent {}

  /// A stream was cut off by the engine or by the end of its session; its unread bytes are gone.
  ///
  /// Never told of a stream that its owner has closed.
  record StreamCut(SmuxStream stream, SmuxCloseReason reason) implements SmuxEvent {}

  /// The session ended; it is the last event.
  record Closed(SmuxCloseReason reason) implements SmuxEvent {}
}
