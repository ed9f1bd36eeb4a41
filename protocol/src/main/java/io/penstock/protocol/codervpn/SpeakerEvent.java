package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;

/// What a [Speaker] tells its driver, at the rate of messages.
///
/// @param <R> what it receives
public sealed interface SpeakerEvent<R extends Message> {

  /// The headers are exchanged: requests and messages may be sent.
  ///
  /// @param version the highest that both ends speak
  /// @param form how the peer spelled its header
  record Opened<R extends Message>(ProtocolVersion version, HeaderForm form)
      implements SpeakerEvent<R> {}

  /// The peer asks something; the next message is told only after [Speaker#reply] or
  /// [Speaker#release].
  record Request<R extends Message>(long ticket, R message) implements SpeakerEvent<R> {}

  /// The peer says something that wants no reply; the next message is told only after
  /// [Speaker#release].
  record Notice<R extends Message>(long ticket, R message) implements SpeakerEvent<R> {}

  /// The start that is being handled is to be given up, as a stop waits behind it or the peer is
  /// gone. It is still to be replied to.
  record StartCancelled<R extends Message>(long ticket) implements SpeakerEvent<R> {}

  /// The reply to a call.
  record Replied<R extends Message>(long call, R message) implements SpeakerEvent<R> {}

  /// A call that gets no reply.
  record CallFailed<R extends Message>(long call, CallFault fault) implements SpeakerEvent<R> {}

  /// A message that nobody can use was dropped.
  record Ignored<R extends Message>(Why why) implements SpeakerEvent<R> {

    /// What was wrong with it.
    public enum Why {
      /// A reply to no call, or to one that has failed.
      LATE_REPLY,
      /// A request without an id, so without a way to reply.
      NO_ID,
      /// A request to which no reply can be sent any more.
      NOBODY_WAITS,
      /// A message that this end does not know; a request was replied to with nothing in it.
      UNKNOWN_MESSAGE
    }
  }

  /// All has been handed out: close the direction to the peer and go on reading.
  record OutputFinished<R extends Message>() implements SpeakerEvent<R> {}

  /// It is over; the last event. What was handed out before is still to be written.
  record Closed<R extends Message>(SpeakerEnd end) implements SpeakerEvent<R> {}
}
