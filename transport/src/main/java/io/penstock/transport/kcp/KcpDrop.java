package io.penstock.transport.kcp;

/// Why a [KcpServerChannel] dropped a datagram.
public enum KcpDrop {
  /// The session refused it, or a part of it: not KCP, or not of this conversation.
  REJECTED,
  /// An unknown address whose datagram does not start a conversation.
  NO_CONVERSATION,
  /// A known address whose datagram is of another conversation and does not start one.
  OTHER_CONVERSATION,
  /// Unproven sessions hold as many bytes as they may.
  UNPROVEN_BYTES,
  /// There are as many unproven sessions as there may be, and each has answered us.
  UNPROVEN_PEERS,
  /// The server takes no new conversations: it is closed, or does not read.
  NOT_ACCEPTING
}
