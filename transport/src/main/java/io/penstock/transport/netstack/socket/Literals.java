package io.penstock.transport.netstack.socket;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/// Addresses that have their own text for a name.
///
/// `InetAddress.getHostName` of one without a name would ask the DNS of the host about an address
/// that only the stack knows.
final class Literals {

  private Literals() {}

  static InetAddress named(InetAddress address) {
    return named(address.getHostAddress(), address);
  }

  static InetAddress named(String host, InetAddress address) {
    try {
      return InetAddress.getByAddress(host, address.getAddress());
    } catch (UnknownHostException e) {
      throw new AssertionError("an address has 4 or 16 bytes", e);
    }
  }

  /// The address that a text is, such as `10.0.0.1`, `fd00::1` or `[fd00::1]`; empty for a name.
  static Optional<InetAddress> parse(String host) {
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    String text = bracketed ? host.substring(1, host.length() - 1) : host;
    try {
      return Optional.of(named(InetAddress.ofLiteral(text)));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }
}
