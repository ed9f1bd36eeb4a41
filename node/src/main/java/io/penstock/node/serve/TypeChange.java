package io.penstock.node.serve;

/// Whether a port may change its type in place, say from HTTP to TCP.
public enum TypeChange {
  /// For the library.
  ALLOW,
  /// For the command line and the local API, as in the original.
  REFUSE
}
