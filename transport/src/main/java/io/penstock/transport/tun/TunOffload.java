package io.penstock.transport.tun;

/// Which work on packets the kernel may leave to the other side of a device, and takes over itself.
public enum TunOffload {

  /// None: each packet is complete and no longer than the MTU.
  NONE,

  /// Checksums, and the splitting of TCP.
  TCP,

  /// That, and the splitting of UDP where the kernel knows it (Linux 6.2).
  TCP_AND_UDP
}
