package io.penstock.transport.netstack;

import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;

/// The addresses of the stack as those of the JDK, and back.
public final class SocketAddresses {

  private SocketAddresses() {}

  /// As the JDK names it.
  public static InetSocketAddress of(IpEndpoint endpoint) {
    try {
      return new InetSocketAddress(
          InetAddress.getByAddress(endpoint.addressBytes()), endpoint.port());
    } catch (UnknownHostException e) {
      throw new AssertionError("an address has 4 or 16 bytes", e);
    }
  }

  /// As the stack names it; the zone of a link-local address is dropped, as a stack has one link.
  ///
  /// @throws UnresolvedAddressException when it is a name that has not been looked up
  /// @throws UnsupportedAddressTypeException when it is no address of IP
  public static IpEndpoint endpoint(SocketAddress address) {
    if (!(address instanceof InetSocketAddress inet)) {
      throw new UnsupportedAddressTypeException();
    }
    if (inet.isUnresolved()) {
      throw new UnresolvedAddressException();
    }
    return IpEndpoint.of(inet.getAddress().getAddress(), inet.getPort());
  }
}
