package io.penstock.protocol.kcp;

/// What became of a datagram that was given to a [KcpSession].
///
/// Segments in front of a bad one stay applied; the bad one and those behind it are dropped.
public enum KcpInput {
  /// Every segment was applied.
  ACCEPTED,
  /// Shorter than one header.
  TOO_SHORT,
  /// A segment of another conversation.
  CONV_MISMATCH,
  /// A segment that claims more data than the datagram holds.
  TRUNCATED,
  /// A command that KCP does not have.
  BAD_COMMAND,
  /// The session had ended before.
  ENDED
}
