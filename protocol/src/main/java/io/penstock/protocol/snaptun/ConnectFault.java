package io.penstock.protocol.snaptun;

import io.penstock.protocol.CloseReason;

/// Why a client could not establish its tunnel.
public sealed interface ConnectFault extends CloseReason {

  @Override
  default String peerText() {
    return "";
  }

  /// The supplier gave no token, or none that can be sent.
  ///
  /// @param detail what it said
  record NoToken(String detail) implements ConnectFault {
    @Override
    public String code() {
      return "no_token";
    }

    @Override
    public String logText() {
      return "no token: " + detail;
    }
  }

  /// The first renewal failed.
  record Renewal(ResponseFault fault) implements ConnectFault {
    @Override
    public String code() {
      return fault.code();
    }

    @Override
    public String logText() {
      return "session renewal: " + fault.logText();
    }
  }

  /// The assignment failed.
  record Assignment(ResponseFault fault) implements ConnectFault {
    @Override
    public String code() {
      return fault.code();
    }

    @Override
    public String logText() {
      return "address assignment: " + fault.logText();
    }
  }

  /// It took too long.
  enum Timeout implements ConnectFault {
    TIMEOUT;

    @Override
    public String code() {
      return "connect_timeout";
    }

    @Override
    public String logText() {
      return "the tunnel was not established in time";
    }
  }
}
