package io.penstock.protocol.netstack.icmp;

import java.util.Locale;

/// What an ICMP error means for the connection whose packet it quotes.
///
/// RFC 1122 section 4.2.3.9 calls those errors hard that no retransmission can help against. None
/// is trusted blindly (RFC 5927): anybody can send one.
public enum IcmpKind {
  /// No way leads there at present; it may pass.
  UNREACHABLE,
  /// A filter on the way forbids it; it may pass.
  PROHIBITED,
  /// Nobody listens on the port; hard.
  PORT_UNREACHABLE,
  /// The host does not speak the protocol; hard.
  PROTOCOL_UNREACHABLE,
  /// The packet is longer than the path allows.
  TOO_BIG,
  /// The packet went round in circles, or its fragments did not all arrive; it may pass.
  TIME_EXCEEDED,
  /// Somebody does not understand a header of ours; it may pass.
  PARAMETER_PROBLEM;

  private final String code = name().toLowerCase(Locale.ROOT);

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }

  /// Says whether waiting does not help.
  public boolean isHard() {
    return this == PORT_UNREACHABLE || this == PROTOCOL_UNREACHABLE;
  }
}
