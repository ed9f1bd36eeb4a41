package io.penstock.protocol.snaptun;

import java.util.List;

/// What a [ServerTunnel] wants its driver to do, in this order.
public sealed interface ServerAction {

  /// Judge the token, then call [ServerTunnel#validated].
  ///
  /// @param renewal whether it is to extend the session
  record Validate(long ticket, String token, boolean renewal) implements ServerAction {
    @Override
    public String toString() {
      return "Validate[" + ticket + ", " + renewal + "]";
    }
  }

  /// Allocate, then call [ServerTunnel#allocated].
  ///
  /// @param each whether each wanted address is to be given, rather than the first that can be
  record Allocate(long ticket, List<AddressRange> wanted, boolean each) implements ServerAction {}

  /// Write the answer and FIN on the stream of the current request, then call
  /// [ServerTunnel#answerWritten] or [ServerTunnel#answerFailed].
  record Answer(ControlResponse response) implements ServerAction {}

  /// Acts without details.
  enum Simple implements ServerAction {
    /// Give the stream of the current request up; the tunnel goes on.
    DROP_REQUEST,
    /// The tunnel is established: its owner may have it.
    ESTABLISHED
  }

  /// Addresses were assigned, for the first time or anew.
  record Assigned(List<AddressRange> addresses) implements ServerAction {}

  /// Close the connection with the end's code and words, unless it is closed; the last action.
  record Close(TunnelEnd end) implements ServerAction {}
}
