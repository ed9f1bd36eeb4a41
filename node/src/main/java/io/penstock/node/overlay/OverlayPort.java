package io.penstock.node.overlay;

import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;

/// A bound TCP port of a node. Any thread may call this.
public interface OverlayPort {

  /// Where it is bound; the unspecified address for all of the node's. The port is never 0. The
  /// address changes when the node gets another one.
  InetSocketAddress localAddress();

  /// Whether connections are accepted.
  ///
  /// With `false` they complete their handshakes and wait in the backlog; once that is full, SYNs
  /// are dropped, so that peers try again.
  void accepting(boolean accepting);

  /// Gives the port up; connections that wait in the backlog are reset, accepted ones go on.
  /// Repeatable.
  CompletionStage<Void> close();
}
