package io.penstock.protocol.netstack;

import java.util.Locale;

/// Why the stack itself dropped a packet, besides what IP, TCP, UDP and ICMP count of their own.
public enum StackDrop {
  /// The packet is not well-formed.
  MALFORMED,
  /// It comes from an address that no single host has.
  BAD_SOURCE,
  /// It is for somebody else.
  NOT_OURS,
  /// It carries a protocol that we do not speak.
  UNKNOWN_PROTOCOL,
  /// It is about a flow that nobody owns, and nobody wants such flows.
  NO_OWNER;

  private final String code = name().toLowerCase(Locale.ROOT);

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }
}
