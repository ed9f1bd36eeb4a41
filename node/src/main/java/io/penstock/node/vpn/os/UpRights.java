package io.penstock.node.vpn.os;

import io.penstock.node.vpn.os.LinuxNetworkConfig.Dns;
import java.io.IOException;
import java.math.BigInteger;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What giving a machine an overlay interface takes, and what of it this process lacks.
///
/// @param missing in the order in which it would be needed; empty when all is there
public record UpRights(List<Missing> missing) {

  /// One thing that is needed.
  public enum Right {
    /// The capability `CAP_NET_ADMIN`: to make interfaces, addresses and routes.
    NET_ADMIN,
    /// To open the TUN device.
    TUN_DEVICE,
    /// To change how names are looked up; without it an overlay works by addresses.
    DNS
  }

  /// Something that is not there.
  ///
  /// @param why for the user: what was tried, what came of it and what to do
  public record Missing(Right right, String why) {}

  /// Its bit in the sets of a thread (capabilities(7), `linux/capability.h`).
  private static final int CAP_NET_ADMIN = 12;

  private static final Path TUN_NODE = Path.of("/dev/net/tun");

  public UpRights {
    missing = List.copyOf(missing);
  }

  /// Tries all of it, and leaves nothing behind. Blocks for a moment.
  ///
  /// @param config says where DNS is; with [Dns#OFF] that is not looked at
  public static UpRights check(LinuxNetworkConfig config) {
    return check(config, TUN_NODE);
  }

  static UpRights check(LinuxNetworkConfig config, Path tunNode) {
    List<Missing> missing = new ArrayList<>();
    netAdmin().ifPresent(why -> missing.add(new Missing(Right.NET_ADMIN, why)));
    tun(tunNode).ifPresent(why -> missing.add(new Missing(Right.TUN_DEVICE, why)));
    if (config.dns() != Dns.OFF) {
      dns(config).ifPresent(why -> missing.add(new Missing(Right.DNS, why)));
    }
    return new UpRights(missing);
  }

  /// Why a right is missing.
  public Optional<String> missing(Right right) {
    return missing.stream().filter(each -> each.right() == right).map(Missing::why).findFirst();
  }

  private static Optional<String> netAdmin() {
    String why =
        "; run as root, or give the process the capability (a container: --cap-add NET_ADMIN)";
    // That of the thread: it is the thread that acts.
    try (Stream<String> lines = Files.lines(Path.of("/proc/thread-self/status"))) {
      String set =
          lines
              .filter(line -> line.startsWith("CapEff:"))
              .map(line -> line.substring("CapEff:".length()).strip())
              .findFirst()
              .orElse("0");
      return new BigInteger(set, 16).testBit(CAP_NET_ADMIN)
          ? Optional.empty()
          : Optional.of("this process has no CAP_NET_ADMIN" + why);
    } catch (IOException e) {
      return Optional.of("it is not to be found out whether this process has CAP_NET_ADMIN: " + e);
    }
  }

  private static Optional<String> tun(Path node) {
    try {
      FileChannel.open(node, StandardOpenOption.READ, StandardOpenOption.WRITE).close();
      return Optional.empty();
    } catch (NoSuchFileException _) {
      return Optional.of(
          node
              + " does not exist; load the kernel module with \"modprobe tun\" (a container:"
              + " --device /dev/net/tun)");
    } catch (AccessDeniedException _) {
      return Optional.of(node + " may not be opened by this user; run as root");
    } catch (IOException e) {
      return Optional.of("%s cannot be opened: %s".formatted(node, e.getMessage()));
    }
  }

  private static Optional<String> dns(LinuxNetworkConfig config) {
    try {
      if (ResolvedDns.find(config.link(), config.resolvConf()).isPresent()) {
        // It asks for CAP_NET_ADMIN, which was looked at.
        return Optional.empty();
      }
    } catch (IOException e) {
      return Optional.of("systemd-resolved does not answer: " + e.getMessage());
    }
    Path file = config.resolvConf().toAbsolutePath();
    if (!Files.isWritable(file.resolveSibling("")) && !Files.isWritable(file)) {
      return Optional.of(
          "%s may not be changed by this user, or is on a file system that is read-only"
              .formatted(file));
    }
    InetSocketAddress address = config.resolver().address();
    try {
      new DatagramSocket(address).close();
      return Optional.empty();
    } catch (SocketException e) {
      return Optional.of(
          "the address %s for our own resolver cannot be used: %s; another DNS server may have it, or port 53 takes root"
              .formatted(address, e.getMessage()));
    }
  }
}
