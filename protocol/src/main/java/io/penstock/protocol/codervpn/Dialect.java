package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.penstock.protocol.codervpn.message.RPC;

/// What the speaker needs to know of the messages of one role.
///
/// @param <M> what that role sends
interface Dialect<M extends Message> {

  /// What a message is when it is no reply.
  enum Use {
    REQUEST,
    NOTICE,
    /// Nothing that this end knows.
    UNKNOWN
  }

  Parser<M> parser();

  /// The message's `rpc`, one without ids if it has none.
  RPC rpc(M message);

  M withRpc(M message, RPC rpc);

  /// The message of which everything but the `rpc` is unset.
  M empty();

  Use use(M message);

  /// Whether this starts a tunnel, or is the response to that.
  boolean isStart(M message);

  /// Whether this stops a tunnel, or is the response to that.
  boolean isStop(M message);

  /// The version since which the message exists.
  ProtocolVersion since(M message);

  /// The message without the fields that came after `agreed`.
  M fitted(M message, ProtocolVersion agreed);
}
