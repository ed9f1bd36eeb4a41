package io.penstock.protocol.netstack.tcp;

/// What bounds the bytes in flight besides the window that the peer offers.
public enum CongestionAlgorithm {
  /// Grows by the cube of the time since the last loss (RFC 9438).
  CUBIC,
  /// Grows by one segment each round trip (RFC 5681).
  NEW_RENO,
  /// Nothing does: for links of our own that neither share nor lose, such as one between two stacks
  /// of one process.
  OFF
}
