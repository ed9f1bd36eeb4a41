package io.penstock.node.fallback;

/// Handles one accepted flow.
///
/// @param <S> [java.net.Socket] or [java.net.DatagramSocket]
@FunctionalInterface
public interface FlowHandler<S> {

  /// Handles the flow, on a virtual thread of its own; it may block for as long as it likes.
  ///
  /// @param flow established; closed when this returns or throws
  void handle(S flow) throws Exception;
}
