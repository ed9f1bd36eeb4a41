package io.penstock.protocol.codervpn;

import io.penstock.protocol.CloseReason;
import java.util.Locale;

/// Why a stream ended, or never began. The protocol has no message that tells the peer.
public sealed interface SpeakerEnd extends CloseReason {

  /// Whether it ended as it should.
  default boolean graceful() {
    return false;
  }

  @Override
  default String peerText() {
    return "";
  }

  /// The ends of which there is nothing more to say.
  enum Orderly implements SpeakerEnd {
    /// The tunnel has answered a stop, after which it sends nothing.
    STOPPED("the tunnel was stopped"),
    /// The peer closed its end between two frames.
    PEER_CLOSED("the peer closed the stream"),
    /// The owner of this end closed it.
    CLOSED_HERE("closed here");

    private final String text;

    Orderly(String text) {
      this.text = text;
    }

    @Override
    public boolean graceful() {
      return true;
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

  /// The peer's header is not what it must be.
  ///
  /// @param detail what a person needs to know, printable
  record HeaderRefused(HeaderFault fault, String detail) implements SpeakerEnd {

    @Override
    public String code() {
      return fault.code();
    }

    @Override
    public String logText() {
      return "the peer's header was refused: " + detail;
    }
  }

  /// A frame claims to be longer than frames may be.
  ///
  /// @param lengthBytes what it claims, unsigned
  record FrameTooLarge(long lengthBytes, int limitBytes) implements SpeakerEnd {

    @Override
    public String code() {
      return "frame_too_large";
    }

    @Override
    public String logText() {
      return "the peer announced a frame of %d bytes, allowed are %d"
          .formatted(lengthBytes, limitBytes);
    }
  }

  /// A message is made of more fields than messages may be.
  ///
  /// @param limit how many they may be
  record TooManyFields(int limit) implements SpeakerEnd {

    @Override
    public String code() {
      return "too_many_fields";
    }

    @Override
    public String logText() {
      return "the peer sent a message of more than " + limit + " fields";
    }
  }

  /// The body of a frame is no message.
  ///
  /// @param detail what protobuf says about it
  record CorruptMessage(String detail) implements SpeakerEnd {

    @Override
    public String code() {
      return "corrupt_message";
    }

    @Override
    public String logText() {
      return "the peer sent a frame that is no message: " + detail;
    }
  }

  /// The stream ended within a frame.
  ///
  /// @param progress how much of it there was, in words
  record Truncated(String progress) implements SpeakerEnd {

    @Override
    public String code() {
      return "truncated";
    }

    @Override
    public String logText() {
      return "the stream ended after " + progress;
    }
  }

  /// The peer took nothing of what was to be sent, for too long.
  ///
  /// @param seconds how long that was
  record PeerStalled(long seconds) implements SpeakerEnd {

    @Override
    public String code() {
      return "peer_stalled";
    }

    @Override
    public String logText() {
      return "the peer has read nothing for " + seconds + " s";
    }
  }

  /// The connection below failed.
  ///
  /// @param detail what the operating system said about it
  record ConnectionFailed(String detail) implements SpeakerEnd {

    @Override
    public String code() {
      return "connection_failed";
    }

    @Override
    public String logText() {
      return "the connection failed: " + detail;
    }
  }
}
