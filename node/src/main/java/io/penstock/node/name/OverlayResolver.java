package io.penstock.node.name;

import io.penstock.api.IpAddress;
import io.penstock.node.peer.Joining;
import io.penstock.node.peer.OverlayNames;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Looks names up in the overlay of one node, and nowhere else. Any thread but the event loop: it
/// blocks until the node has joined, and for its patience with an unknown name.
public final class OverlayResolver implements InetAddressResolver {

  private final OverlayNames names;
  private final Joining joining;

  public OverlayResolver(OverlayNames names, Joining joining) {
    this.names = names;
    this.joining = joining;
  }

  @Override
  public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
      throws UnknownHostException {
    try {
      joining.await();
      return allowed(host, names.resolveAll(host), policy);
    } catch (UnknownHostException e) {
      throw e;
    } catch (IOException e) {
      throw unknown(host, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unknown(host, new InterruptedIOException(e.getMessage()));
    }
  }

  private static UnknownHostException unknown(String host, IOException cause) {
    UnknownHostException unknown = new UnknownHostException(host + ": " + cause.getMessage());
    unknown.initCause(cause);
    return unknown;
  }

  /// What the caller wants of some addresses, and in its order.
  ///
  /// @throws UnknownHostException when that is nothing
  static Stream<InetAddress> allowed(String host, List<IpAddress> found, LookupPolicy policy)
      throws UnknownHostException {
    int wanted = policy.characteristics();
    List<InetAddress> allowed =
        found.stream()
            .map(IpAddress::inet)
            .filter(each -> (wanted & version(each)) != 0)
            .sorted(order(wanted))
            .toList();
    if (allowed.isEmpty()) {
      throw new UnknownHostException(host + " has no address of the wanted version, only " + found);
    }
    return allowed.stream();
  }

  private static int version(InetAddress address) {
    return address instanceof Inet4Address ? LookupPolicy.IPV4 : LookupPolicy.IPV6;
  }

  /// Sorting is stable: without a wish it stays as it is.
  private static Comparator<InetAddress> order(int wanted) {
    if ((wanted & LookupPolicy.IPV4_FIRST) != 0) {
      return Comparator.comparing(each -> version(each) != LookupPolicy.IPV4);
    }
    if ((wanted & LookupPolicy.IPV6_FIRST) != 0) {
      return Comparator.comparing(each -> version(each) != LookupPolicy.IPV6);
    }
    return (_, _) -> 0;
  }

  @Override
  public String lookupByAddress(byte[] address) throws UnknownHostException {
    IpAddress wanted = IpAddress.of(address);
    return names
        .nameOf(wanted)
        .orElseThrow(() -> new UnknownHostException("no node is known to have " + wanted));
  }
}
