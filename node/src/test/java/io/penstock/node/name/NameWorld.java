package io.penstock.node.name;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.api.IsdAs;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.peer.Joining;
import io.penstock.node.peer.OverlayNames;
import io.penstock.node.peer.PeerBook;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.SocketFactory;

/// Nodes of a process, the resolver of its machine, and the one that stands between.
final class NameWorld {

  static final String HOST_NAME = "Workstation.example.com";

  final RunningNodes nodes = new RunningNodes();
  final Machine machine = new Machine();
  final ZoneResolver resolver;

  /// On a machine without a hosts file.
  NameWorld() {
    this(Path.of("no such file"));
  }

  NameWorld(Path hostsFile) {
    resolver = new ZoneResolver(nodes, new OwnNames(() -> HOST_NAME, hostsFile), machine);
  }

  List<String> found(String host, LookupPolicy policy) throws UnknownHostException {
    try (Stream<InetAddress> found = resolver.lookupByName(host, policy)) {
      return found.map(each -> new IpAddress(each).toString()).toList();
    }
  }

  /// The resolver of the machine, which writes down what it is asked.
  static final class Machine implements InetAddressResolver {

    final List<String> asked = new ArrayList<>();

    @Override
    public Stream<InetAddress> lookupByName(String host, LookupPolicy policy) {
      asked.add(host);
      return Stream.of(InetAddress.ofLiteral("192.0.2.1"));
    }

    @Override
    public String lookupByAddress(byte[] address) {
      asked.add(IpAddress.of(address).toString());
      return "host.example";
    }
  }

  static OverlayNetwork network(String zone) {
    return new OverlayNetwork(
        List.of(IpPrefix.parse("10.86.0.0/16"), IpPrefix.parse("fd7c:4a1b:93e2::/64")),
        1280,
        zone,
        List.of(IpAddress.parse("10.86.0.1")),
        IsdAs.parse("16-64512"),
        600,
        10_000);
  }

  static PeerInfo peer(String name, String... addresses) {
    List<IpAddress> all = Arrays.stream(addresses).map(IpAddress::parse).toList();
    Map<IpAddress, Long> generations =
        all.stream().collect(Collectors.toMap(address -> address, _ -> 1L));
    return new PeerInfo(UUID.randomUUID(), name, "ann", all, true, generations, Optional.empty());
  }

  static RunningNode node(String name, String zone, PeerInfo... peers) {
    PeerBook book = new PeerBook(System::nanoTime);
    book.snapshot(new PeerSnapshot(1, List.of(peers)));
    return node(name, Optional.of(network(zone)), book, () -> {});
  }

  static RunningNode node(
      String name, Optional<OverlayNetwork> network, PeerBook book, Joining joining) {
    return node(name, network, book, joining, _ -> true, Duration.ofMillis(1));
  }

  static RunningNode node(
      String name,
      Optional<OverlayNetwork> network,
      PeerBook book,
      Joining joining,
      Predicate<String> shortNames,
      Duration patience) {
    OverlayNames names =
        new OverlayNames(
            () -> network,
            () -> List.of(IpAddress.parse("10.86.0.2"), IpAddress.parse("fd7c:4a1b:93e2::2")),
            book,
            patience);
    return new RunningNode(
        name, names, shortNames, new OverlayResolver(names, joining), SocketFactory.getDefault());
  }
}
