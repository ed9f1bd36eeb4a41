package io.penstock.it.os;

import io.penstock.api.IpAddress;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.NetworkThread;
import io.penstock.node.vpn.os.LinuxNetworkConfig;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// A machine with one network card, a default route of both families, a name server and an `/etc`
/// of its own.
public final class TestMachine implements AutoCloseable {

  public static final String RESOLV_CONF =
      """
      # of this machine
      search corp.example
      nameserver 127.0.0.1
      options timeout:1 attempts:1
      """;

  /// Where the gateway of the overlay is, behind the default routes.
  static final IpAddress GATEWAY = IpAddress.parse("198.51.100.7");

  static final IpAddress GATEWAY_IPV6 = IpAddress.parse("2001:db8:1::7");

  /// How `/etc/resolv.conf` came to be.
  public enum ResolvConf {
    /// A file in a directory that can be written.
    FILE,
    /// A link to a file elsewhere.
    LINK,
    /// A mount of its own, as in containers.
    MOUNT
  }

  private final NetworkNamespace namespace;
  private final Path directory;

  private TestMachine(NetworkNamespace namespace, Path directory) {
    this.namespace = namespace;
    this.directory = directory;
  }

  /// @param directory for its files
  static TestMachine start(Path directory, ResolvConf resolvConf) throws Exception {
    return start(directory, resolvConf, 2);
  }

  /// @param directory for its files
  /// @param host the last part of its addresses, in `192.0.2.0/24` and `2001:db8::/64`
  public static TestMachine start(Path directory, ResolvConf resolvConf, int host)
      throws Exception {
    NetworkNamespace namespace = NetworkNamespace.createWithMounts();
    TestMachine machine = new TestMachine(namespace, directory);
    try {
      machine.makeUnderlay(host);
      machine.makeEtc(resolvConf);
      return machine;
    } catch (Throwable e) {
      machine.close();
      throw e;
    }
  }

  private void makeUnderlay(int host) throws Exception {
    namespace.ip("link add eth0 type veth peer name peer0");
    // Link-local addresses would appear some time later, and with them routes.
    namespace.ip("link set dev eth0 addrgenmode none");
    namespace.ip("link set dev peer0 addrgenmode none");
    namespace.ip("link set peer0 up");
    namespace.ip("addr add 192.0.2.%d/24 dev eth0".formatted(host));
    namespace.ip("addr add 2001:db8::%d/64 dev eth0 nodad".formatted(host));
    namespace.ip("link set eth0 up");
    namespace.ip("route add default via 192.0.2.1 dev eth0");
    namespace.ip("-6 route add default via 2001:db8::1 dev eth0");
  }

  private void makeEtc(ResolvConf kind) throws Exception {
    Path etc = Files.createDirectories(directory.resolve("etc"));
    for (String name :
        List.of("passwd", "group", "hosts", "ld.so.cache", "iproute2", "protocols")) {
      NetworkThread.Result result =
          namespace.execute(List.of("cp", "-a", "/etc/" + name, etc.toString()));
      if (result.status() != 0 && Files.exists(Path.of("/etc", name))) {
        throw new IOException(result.output());
      }
    }
    Files.writeString(etc.resolve("nsswitch.conf"), "hosts: files dns\n");
    Path file = etc.resolve("resolv.conf");
    Path elsewhere = directory.resolve("elsewhere.conf");
    Files.writeString(elsewhere, RESOLV_CONF);
    switch (kind) {
      case FILE -> Files.writeString(file, RESOLV_CONF);
      case LINK -> Files.createSymbolicLink(file, elsewhere);
      case MOUNT -> Files.createFile(file);
    }
    namespace.mount(etc, Path.of("/etc"));
    if (kind == ResolvConf.MOUNT) {
      namespace.mount(elsewhere, Path.of("/etc/resolv.conf"));
    }
  }

  public NetworkNamespace namespace() {
    return namespace;
  }

  /// A device of this machine; its descriptor is the test's.
  TunDevice tun() throws Exception {
    return namespace.call(() -> TunDevice.open(TunConfig.builder().name("pen0").build()));
  }

  LinuxNetworkConfig config() {
    return config(directory);
  }

  static LinuxNetworkConfig config(Path directory) {
    return LinuxNetworkConfig.of("pen0", directory.resolve("state"), Set.of(GATEWAY, GATEWAY_IPV6));
  }

  /// Everything that a change could have touched, but for the overlay's interface itself.
  public String snapshot() throws Exception {
    return namespace.call(
            () -> {
              Path file = Path.of("/etc/resolv.conf");
              StringBuilder all = new StringBuilder();
              all.append(
                  Files.isSymbolicLink(file) ? "-> " + Files.readSymbolicLink(file) : "file");
              all.append(' ').append(Files.getAttribute(file, "unix:mode"));
              all.append(' ').append(Files.getAttribute(file, "unix:uid")).append('\n');
              all.append(Files.readString(file));
              try (Stream<Path> names = Files.list(Path.of("/etc"))) {
                names.map(Path::toString).sorted().forEach(name -> all.append(name).append('\n'));
              }
              return all.toString();
            })
        + tables();
  }

  private String tables() throws Exception {
    return Stream.of(
            ip("-brief address show"),
            ip("-4 route show table all"),
            ip("-6 route show table all"),
            ip("-4 rule show"),
            ip("-6 rule show"))
        .flatMap(String::lines)
        .filter(line -> !line.contains("pen0"))
        .map(line -> line.replaceAll("\\s+", " "))
        .sorted()
        .reduce("", (one, other) -> one + other + "\n");
  }

  public String ip(String words) throws Exception {
    return namespace.ip(words);
  }

  @Override
  public void close() {
    namespace.close();
  }
}
