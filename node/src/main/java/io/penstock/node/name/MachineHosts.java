package io.penstock.node.name;

import io.penstock.api.IpAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Looks up hosts that are dialled with sockets of the machine, such as backends: a name without a
/// dot is the machine's there, also when a peer bears it, and nothing of an overlay is found, as no
/// such socket may lead there. Any thread; blocks as the machine does.
public final class MachineHosts {

  /// The order that is the default of the JDK.
  private static final LookupPolicy ANY =
      LookupPolicy.of(LookupPolicy.IPV4 | LookupPolicy.IPV6 | LookupPolicy.IPV4_FIRST);

  /// The JDK's own, once ours has taken its place.
  private static volatile @Nullable InetAddressResolver builtin;

  private MachineHosts() {}

  static void isLookedUpBy(InetAddressResolver resolver) {
    builtin = resolver;
  }

  /// All addresses of a host that are of no overlay, at least one.
  ///
  /// @throws UnknownHostException when there is none, or the host is of an overlay
  public static List<InetAddress> addresses(String host) throws UnknownHostException {
    if (isOverlayName(host)) {
      throw refusal(host);
    }
    List<InetAddress> outside = lookUp(host).stream().filter(each -> !isOverlay(each)).toList();
    if (outside.isEmpty()) {
      throw refusal(host);
    }
    return outside;
  }

  /// Whether an address is of an overlay that a node of this process has joined; does not block.
  public static boolean isOverlay(InetAddress address) {
    return RunningNodes.ofThisProcess().isOverlayAddress(new IpAddress(address));
  }

  private static UnknownHostException refusal(String host) {
    return new UnknownHostException(
        host
            + " is on an overlay, which sockets of this machine do not lead to; name a host of the"
            + " machine's own network");
  }

  private static boolean isOverlayName(String host) {
    return host.indexOf('.') >= 0
        && RunningNodes.ofThisProcess().isOverlayName(ZoneResolver.canonical(host));
  }

  private static List<InetAddress> lookUp(String host) throws UnknownHostException {
    InetAddressResolver machine = builtin();
    if (machine == null || host.indexOf('.') >= 0 || isAddress(host)) {
      return List.of(InetAddress.getAllByName(host));
    }
    try (Stream<InetAddress> found = machine.lookupByName(host, ANY)) {
      return found.toList();
    }
  }

  /// The JDK's own resolver if ours stands before it, which the JDK finds at the first name that it
  /// is asked for; that may be the one of a backend.
  private static @Nullable InetAddressResolver builtin() {
    if (builtin == null) {
      try {
        var _ = InetAddress.getAllByName("localhost");
      } catch (UnknownHostException _) {
        // The resolver was found all the same.
      }
    }
    return builtin;
  }

  private static boolean isAddress(String host) {
    try {
      InetAddress.ofLiteral(host);
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }
}
