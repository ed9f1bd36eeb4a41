package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.TunnelEnd;

/// What became of a connection that was to be a tunnel.
///
/// @param <T> what a valid token says
public sealed interface AcceptResult<T> {

  /// It is a tunnel.
  ///
  /// @param claims of the token with which the session was established
  record Accepted<T>(
      T claims, TunnelReceiver receiver, TunnelSender sender, TunnelControl<T> control)
      implements AcceptResult<T> {}

  /// It is not, and the connection is closed.
  ///
  /// @param end why: out of time, a faulty or refused request, an answer that could not be sent, or
  ///   a connection that ended
  record Refused<T>(TunnelEnd end) implements AcceptResult<T> {}
}
