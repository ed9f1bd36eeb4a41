package io.penstock.protocol.snaptun;

import io.penstock.protocol.CloseReason;
import java.util.Locale;

/// Why a tunnel ended, or was never established.
///
/// [#peerText] is what the connection was closed with, where this end closed it.
public sealed interface TunnelEnd extends CloseReason {

  /// Whether the tunnel ended as it should: a peer that said so, or we ourselves.
  default boolean graceful() {
    return false;
  }

  /// The peer closed the connection.
  ///
  /// @param applicationCode its error code, 0 as a rule
  /// @param reason its words, sanitised
  record PeerClosed(long applicationCode, String reason) implements TunnelEnd {
    @Override
    public boolean graceful() {
      return true;
    }

    @Override
    public String code() {
      return "peer_closed";
    }

    @Override
    public String logText() {
      return "the peer closed the connection with code "
          + applicationCode
          + (reason.isEmpty() ? "" : " (" + reason + ")");
    }

    @Override
    public String peerText() {
      return "";
    }
  }

  /// The owner of this end closed the tunnel.
  ///
  /// @param applicationCode the error code that the peer is told
  /// @param reason the words that the peer is told
  record ClosedHere(long applicationCode, String reason) implements TunnelEnd {
    @Override
    public boolean graceful() {
      return true;
    }

    @Override
    public String code() {
      return "closed_here";
    }

    @Override
    public String logText() {
      return "closed here with code "
          + applicationCode
          + (reason.isEmpty() ? "" : " (" + reason + ")");
    }

    @Override
    public String peerText() {
      return reason;
    }
  }

  /// The connection was lost without a word: idle for too long, reset, or broken.
  ///
  /// The original calls it closed prematurely.
  ///
  /// @param detail what QUIC said about it
  record ConnectionLost(String detail) implements TunnelEnd {
    @Override
    public String code() {
      return "connection_lost";
    }

    @Override
    public String logText() {
      return "the connection was lost: " + detail;
    }

    @Override
    public String peerText() {
      return "";
    }
  }

  /// Server: the peer sent a request that closes the connection.
  record FaultyRequest(RequestFault fault) implements TunnelEnd {
    @Override
    public String code() {
      return fault.code();
    }

    @Override
    public String logText() {
      return fault.logText();
    }

    @Override
    public String peerText() {
      return fault.peerText();
    }
  }

  /// Server: a request during establishment was answered with an error.
  ///
  /// @param during which of the two requests
  /// @param status what was answered
  record Refused(During during, ControlResponse.Status status) implements TunnelEnd {

    /// The two requests that establish a tunnel.
    public enum During {
      RENEWAL("handling session renewal request"),
      ASSIGNMENT("handling address assignment request");

      private final String reason;

      During(String reason) {
        this.reason = reason;
      }
    }

    @Override
    public String code() {
      return "refused_" + during.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String logText() {
      return "refused with status " + status.code() + " when " + during.reason;
    }

    @Override
    public String peerText() {
      return during.reason;
    }
  }

  /// Server: time ran out, or an answer could not be sent.
  enum ServerEnd implements TunnelEnd {
    /// The tunnel was not established in time.
    ACCEPT_TIMEOUT(CloseCode.TIMEOUT, "timeout establishing snaptun"),
    /// The session was not renewed in time.
    SESSION_EXPIRED(CloseCode.SESSION_EXPIRED, "session expired"),
    /// An answer could not be sent.
    SEND_FAILED(CloseCode.INTERNAL_ERROR, "send control response error"),
    /// An answer was not taken in time.
    SEND_TIMEOUT(CloseCode.INTERNAL_ERROR, "send control response error");

    private final CloseCode closeCode;
    private final String reason;

    ServerEnd(CloseCode closeCode, String reason) {
      this.closeCode = closeCode;
      this.reason = reason;
    }

    @Override
    public String code() {
      return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String logText() {
      return code().replace('_', ' ');
    }

    @Override
    public String peerText() {
      return reason;
    }
  }

  /// Client: the tunnel could not be established.
  record ConnectFailed(ConnectFault fault) implements TunnelEnd {
    @Override
    public String code() {
      return fault.code();
    }

    @Override
    public String logText() {
      return "not established: " + fault.logText();
    }

    @Override
    public String peerText() {
      return "";
    }
  }

  /// The error code with which this end closes the connection.
  default long closeCode() {
    return switch (this) {
      case ClosedHere(long applicationCode, _) -> applicationCode;
      case FaultyRequest(RequestFault fault) -> fault.closeCode().code();
      case Refused _ -> CloseCode.INVALID_REQUEST.code();
      case ServerEnd end -> end.closeCode.code();
      case PeerClosed _, ConnectionLost _, ConnectFailed _ -> 0;
    };
  }
}
