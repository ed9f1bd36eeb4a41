package io.penstock.protocol.snaptun;

import io.penstock.protocol.CloseReason;
import java.util.List;

/// What a [ClientTunnel] wants its driver to do, in this order.
public sealed interface ClientAction {

  /// Get a token, then call [ClientTunnel#tokenFetched] or [ClientTunnel#tokenFailed].
  record FetchToken(long ticket) implements ClientAction {}

  /// Open a stream, write the request and FIN, and hand the response to the tunnel.
  record Send(ControlRequest request) implements ClientAction {}

  /// Give the stream of the current request up; its response comes too late.
  enum DropRequest implements ClientAction {
    DROP_REQUEST
  }

  /// The tunnel is established: its owner may have it.
  record Established() implements ClientAction {}

  /// Addresses were assigned, for the first time or anew.
  ///
  /// @param refused beyond the original: which of several wanted ones were not given
  record Assigned(List<AddressRange> addresses, List<Refusal> refused) implements ClientAction {}

  /// A command that had this ticket was done.
  record Done(long ticket) implements ClientAction {}

  /// A command that had this ticket failed.
  record Failed(long ticket, CloseReason fault) implements ClientAction {}

  /// An automatic renewal failed; another is tried unless [RenewalEnded] follows.
  ///
  /// @param failures how many there were in a row
  record RenewalFailed(int failures, CloseReason fault) implements ClientAction {}

  /// The session is no longer renewed by itself.
  record RenewalEnded(RenewalEnd end) implements ClientAction {}

  /// Close the connection with the end's code and words, unless it is closed; the last action.
  record Close(TunnelEnd end) implements ClientAction {}
}
