package io.penstock.protocol.codervpn;

/// What became of the attempt to make a call.
public sealed interface CallStart {

  /// It waits for its reply: [SpeakerEvent.Replied] or [SpeakerEvent.CallFailed] will come.
  ///
  /// @param call its id on the wire
  record Waiting(long call) implements CallStart {}

  /// Nothing was sent, and nothing more is told.
  record Refused(CallFault fault) implements CallStart {}
}
