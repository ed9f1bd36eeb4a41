package io.penstock.protocol.smux;

import io.penstock.protocol.CloseReason;
import java.util.Locale;

/// Why a session ended, or why one stream of it was cut off while the session went on.
public sealed interface SmuxCloseReason extends CloseReason {

  /// Ends of a whole session that carry no details.
  enum SessionEnd implements SmuxCloseReason {
    /// The owner closed the session at once.
    CLOSED("the session was closed here"),
    /// The owner shut the session down and all that was written has been handed out.
    SHUT_DOWN("the session was shut down here"),
    /// The connection below ended.
    PEER_CLOSED("the peer closed the connection"),
    /// Nothing was received for the keep-alive timeout.
    KEEPALIVE_TIMEOUT("nothing was received for the keep-alive timeout"),
    /// The peer opened refused streams faster than the refusals could be sent.
    OPEN_FLOOD("the peer opened more streams than could be refused");

    private final String text;

    SessionEnd(String text) {
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

    @Override
    public String peerText() {
      return text;
    }
  }

  /// Ends of one stream; its neighbours and its session are not touched.
  enum StreamEnd implements SmuxCloseReason {
    /// Version 1: the receive bucket stayed full and this stream held the most unread bytes.
    STALLED("the stream was hardly read while its unread bytes kept the session from receiving"),
    /// Version 2: this stream held the most unread bytes when the session's buffer was full.
    BUFFER_FULL("the stream held the most unread bytes when the receive buffer was full"),
    /// Version 2: the peer sent more than a frame beyond the window that it was given.
    WINDOW_OVERRUN("the peer sent more than the stream's window allows"),
    /// Version 2: the peer says that it consumed bytes that were never sent.
    CONSUMED_OVERRUN("the peer consumed more than was sent");

    private final String text;

    StreamEnd(String text) {
      this.text = text;
    }

    @Override
    public String code() {
      return "stream_" + name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String logText() {
      return text;
    }

    @Override
    public String peerText() {
      return text;
    }
  }

  /// The connection below failed.
  ///
  /// @param detail what the operating system or TLS said about it
  record ConnectionFailed(String detail) implements SmuxCloseReason {

    @Override
    public String code() {
      return "connection_failed";
    }

    @Override
    public String logText() {
      return "the connection failed: " + detail;
    }

    @Override
    public String peerText() {
      return "the connection failed";
    }
  }

  /// The peer broke the framing, after which nothing on the connection can be understood.
  ///
  /// @param fault which rule was broken
  /// @param value the value that broke it, as it was read
  record ProtocolError(Fault fault, int value) implements SmuxCloseReason {

    /// The rules of framing that a peer can break.
    public enum Fault {
      VERSION("a frame of version %d"),
      COMMAND("an unknown command %d"),
      CONTROL_LENGTH("a frame without payload that claims %d bytes"),
      UPDATE_LENGTH("a window update of %d bytes"),
      UPDATE_IN_VERSION_1("a window update in version %d");

      private final String text;

      Fault(String text) {
        this.text = text;
      }
    }

    @Override
    public String code() {
      return "protocol_error";
    }

    @Override
    public String logText() {
      return "protocol error: " + fault.text.formatted(value);
    }

    @Override
    public String peerText() {
      return "protocol error";
    }
  }
}
