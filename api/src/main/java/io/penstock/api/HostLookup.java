package io.penstock.api;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;

/// Finds the addresses of hosts of the network of this machine, such as that of a gateway.
///
/// Asked at each attempt to connect, on a thread that may block; several may ask at once.
@FunctionalInterface
public interface HostLookup {

  /// As this machine looks names up: by its hosts file, its DNS and whatever else it asks.
  HostLookup SYSTEM = host -> List.of(InetAddress.getAllByName(host));

  /// All addresses of a host, in the order in which to try them.
  ///
  /// @param host a name, never an address
  /// @return at least one
  /// @throws UnknownHostException when there is none
  List<InetAddress> addresses(String host) throws UnknownHostException;

  /// Knows this host at these addresses and no other, and asks nobody.
  ///
  /// @param addresses at least one
  static HostLookup fixed(String host, InetAddress... addresses) {
    List<InetAddress> all = List.of(addresses);
    if (all.isEmpty()) {
      throw new IllegalArgumentException("addresses are [], allowed is at least one");
    }
    return asked -> {
      if (!asked.equalsIgnoreCase(host)) {
        throw new UnknownHostException(
            asked + " is to be looked up, and addresses are given for " + host + " alone");
      }
      return all;
    };
  }

  /// The addresses to connect to, in order; an address is not looked up.
  ///
  /// @throws UnknownHostException when there is none
  default List<InetSocketAddress> resolve(HostPort target) throws UnknownHostException {
    return find(target.host()).stream()
        .map(address -> new InetSocketAddress(address, target.port()))
        .toList();
  }

  private List<InetAddress> find(String host) throws UnknownHostException {
    try {
      return List.of(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException _) {
      List<InetAddress> found = addresses(host);
      if (found.isEmpty()) {
        throw new UnknownHostException(host);
      }
      return found;
    }
  }
}
