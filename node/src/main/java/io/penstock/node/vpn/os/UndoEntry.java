package io.penstock.node.vpn.os;

/// One change to the machine that outlives the interface, as the journal keeps it.
sealed interface UndoEntry {

  /// A route was added.
  record Route(UnderlayRoute route) implements UndoEntry {}

  /// A file was replaced.
  record File(ReplacedFile file) implements UndoEntry {}
}
