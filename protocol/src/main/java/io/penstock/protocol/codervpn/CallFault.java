package io.penstock.protocol.codervpn;

import io.penstock.protocol.CloseReason;
import java.util.Locale;

/// Why a request got no reply, or a message was not sent. The stream goes on unless it is over.
public sealed interface CallFault extends CloseReason {

  @Override
  default String peerText() {
    return "";
  }

  /// The faults of which there is nothing more to say.
  enum Plain implements CallFault {
    /// The caller cancelled the call; a reply that still comes is ignored.
    CANCELLED("the call was cancelled"),
    /// No reply came in time; one that still comes is ignored.
    TIMED_OUT("the peer did not reply in time"),
    /// More waits to be sent than may; nothing was sent.
    OUTPUT_FULL("the peer does not take what is sent to it"),
    /// More calls wait for their replies than may; nothing was sent.
    TOO_MANY_CALLS("too many calls wait for their replies"),
    /// The reply is of another kind than the request.
    WRONG_REPLY("the peer replied with something else than was asked for");

    private final String text;

    Plain(String text) {
      this.text = text;
    }

    @Override
    public String code() {
      return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String logText() {
      return text;
    }
  }

  /// The peer does not know this message, so nothing was sent.
  ///
  /// @param needed since which version it exists
  /// @param agreed what the two ends speak
  record Unsupported(ProtocolVersion needed, ProtocolVersion agreed) implements CallFault {

    @Override
    public String code() {
      return "unsupported";
    }

    @Override
    public String logText() {
      return "the peer would need to speak version %s, and this stream is of version %s"
          .formatted(needed, agreed);
    }
  }

  /// The stream is over.
  record StreamEnded(SpeakerEnd end) implements CallFault {

    @Override
    public String code() {
      return "stream_ended";
    }

    @Override
    public String logText() {
      return "the stream has ended: " + end.logText();
    }
  }
}
