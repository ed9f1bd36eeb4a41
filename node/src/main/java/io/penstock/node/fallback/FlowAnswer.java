package io.penstock.node.fallback;

import io.netty.channel.ChannelHandler;

/// What a fallback handler says to a flow.
///
/// @param <S> what an accepted flow is handed over as: [java.net.Socket] or
///   [java.net.DatagramSocket]
public sealed interface FlowAnswer<S> {

  /// Not mine: the handler that was registered next is asked, and if none claims the flow it is
  /// refused.
  record Decline<S>() implements FlowAnswer<S> {}

  /// Mine, and not wanted: nobody else is asked. A connection is refused with a reset, a datagram
  /// with "port unreachable".
  record Reject<S>() implements FlowAnswer<S> {}

  /// Mine: the flow is accepted, and handled on a virtual thread of its own once it is established.
  record Accept<S>(FlowHandler<S> handler) implements FlowAnswer<S> {}

  /// Mine, for those who use Netty: the flow is accepted as a channel on the node's event loop.
  ///
  /// @param handler the first of its pipeline; it must not block
  record AcceptChannel<S>(ChannelHandler handler) implements FlowAnswer<S> {}

  static <S> FlowAnswer<S> decline() {
    return new Decline<>();
  }

  static <S> FlowAnswer<S> reject() {
    return new Reject<>();
  }

  static <S> FlowAnswer<S> accept(FlowHandler<S> handler) {
    return new Accept<>(handler);
  }

  static <S> FlowAnswer<S> acceptChannel(ChannelHandler handler) {
    return new AcceptChannel<>(handler);
  }
}
