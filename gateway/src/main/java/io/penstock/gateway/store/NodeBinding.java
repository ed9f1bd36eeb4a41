package io.penstock.gateway.store;

/// What became of a node's wish to be the one with its id, name and key.
public sealed interface NodeBinding {

  /// It is the one.
  ///
  /// @param first whether it is new
  record Bound(StoredNode node, boolean first) implements NodeBinding {}

  /// The id belongs to a node with another key.
  record OtherKey() implements NodeBinding {}

  /// The id belongs to a node of another user.
  record OtherUser() implements NodeBinding {}

  /// The node has been given another name before.
  record OtherName(String name) implements NodeBinding {}

  /// Another node has the name.
  record NameTaken() implements NodeBinding {}

  /// The request was not signed later than the last one of the node, so it may be a copy.
  record Replayed() implements NodeBinding {}

  /// There are as many nodes as there may be.
  record Full() implements NodeBinding {}
}
