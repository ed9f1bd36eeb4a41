package io.penstock.node.name;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Looks up hosts that are dialled with sockets of the machine, such as backends: a name without a
/// dot is the machine's there, also when a peer bears it. Any thread; blocks as the machine does.
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

  /// All addresses of a host, at least one.
  public static List<InetAddress> addresses(String host) throws UnknownHostException {
    InetAddressResolver machine = builtin;
    if (machine == null || host.indexOf('.') >= 0 || isAddress(host)) {
      return List.of(InetAddress.getAllByName(host));
    }
    try (Stream<InetAddress> found = machine.lookupByName(host, ANY)) {
      return found.toList();
    }
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
