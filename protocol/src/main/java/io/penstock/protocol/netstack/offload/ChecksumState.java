package io.penstock.protocol.netstack.offload;

/// What is known about the transport checksum of a packet.
public enum ChecksumState {

  /// It is in the packet; nobody has compared it yet.
  UNVERIFIED,

  /// It is in the packet and right.
  VERIFIED,

  /// Its field holds only the folded sum of the pseudo header. The data has not been on a wire, so
  /// there is nothing to verify; before it goes onto one the sum of the data is to be put in.
  PARTIAL
}
