package io.penstock.node.peer;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.NodeName;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerInfo;
import io.penstock.node.ping.NodeLookup;
import java.io.IOException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// What a user writes for a host of the overlay, and the way from there to an address.
///
/// Names are looked up in the [PeerBook] and nowhere else; an address that is not of the network is
/// refused, so that nothing that is meant for the overlay leaves by another way, and nothing else
/// enters it. Safe for use by several threads.
public final class OverlayNames {

  private final Supplier<Optional<OverlayNetwork>> network;
  private final Supplier<List<IpAddress>> own;
  private final PeerBook peers;
  private final Duration patience;

  /// @param network what the gateway has said of the network, empty before the first time
  /// @param own the node's addresses
  /// @param patience how long an unknown name is waited for
  public OverlayNames(
      Supplier<Optional<OverlayNetwork>> network,
      Supplier<List<IpAddress>> own,
      PeerBook peers,
      Duration patience) {
    this.network = network;
    this.own = own;
    this.peers = peers;
    this.patience = patience;
  }

  /// Finds a host; blocks for the patience at most when it is not known yet.
  ///
  /// @throws UnknownHostException when there is no such name, or it can be none
  /// @throws NoRouteToHostException when it is an address that is not of this network
  public IpAddress resolve(String host) throws IOException, InterruptedException {
    return resolve(host, patience);
  }

  /// The same with what is left of a limit, if that is less than the patience.
  public IpAddress resolve(String host, Duration left) throws IOException, InterruptedException {
    return find(host, left.compareTo(patience) < 0 ? left : patience).getFirst();
  }

  /// Finds all addresses of a host that this node can reach, at least one, the better ones first;
  /// as [#resolve].
  public List<IpAddress> resolveAll(String host) throws IOException, InterruptedException {
    return find(host, patience);
  }

  private List<IpAddress> find(String host, Duration limit)
      throws IOException, InterruptedException {
    OverlayNetwork known = joined();
    NodeLookup lookup = parse(host);
    try {
      lookup.requireZone(known);
    } catch (IOException e) {
      throw unknown(String.valueOf(e.getMessage()));
    }
    long until = System.nanoTime() + limit.toNanos();
    while (true) {
      long seen = peers.version();
      try {
        return now(lookup, known);
      } catch (NoRouteToHostException e) {
        throw e;
      } catch (IOException e) {
        long left = until - System.nanoTime();
        if (left <= 0 || !peers.awaitChange(seen, Duration.ofNanos(left))) {
          throw unknown(String.valueOf(e.getMessage()));
        }
      }
    }
  }

  /// The addresses of a host as they are known now, as [#resolveAll] without any patience; none
  /// when there is no such host.
  public List<IpAddress> known(String host) {
    try {
      return now(parse(host), joined());
    } catch (IOException _) {
      return List.of();
    }
  }

  /// Blocks until the gateway has told of the peers once, for the patience at most.
  public void awaitPeers() throws InterruptedException {
    peers.awaitFirst(patience);
  }

  /// Whether a peer has this label, in lower case, as the gateway has told last.
  public boolean isPeer(String label) {
    return peers.byName(label).isPresent();
  }

  /// The labels of all peers, as the gateway has told last.
  public Set<String> peerLabels() {
    return peers.all().items().stream().map(PeerInfo::name).collect(Collectors.toSet());
  }

  private OverlayNetwork joined() throws NoRouteToHostException {
    return network
        .get()
        .orElseThrow(() -> new NoRouteToHostException("the node has not joined its network"));
  }

  private List<IpAddress> now(NodeLookup lookup, OverlayNetwork known) throws IOException {
    List<IpAddress> found = lookup.all(known, families(), peers::all);
    for (IpAddress each : found) {
      requireOverlay(each, known);
    }
    return found;
  }

  /// The full name of whoever has an address of the network; empty when nobody has, or the gateway
  /// is not heard.
  public Optional<String> nameOf(IpAddress address) {
    return network
        .get()
        .flatMap(
            known ->
                (known.resolvers().contains(address)
                        ? Optional.of(NodeName.GATEWAY)
                        : peers.whoIs(address).map(PeerInfo::name))
                    .map(label -> label + "." + known.zone()));
  }

  /// What the gateway has said of the network; empty before the first time.
  public Optional<OverlayNetwork> network() {
    return network.get();
  }

  private static NodeLookup parse(String host) throws UnknownHostException {
    try {
      return NodeLookup.parse(host);
    } catch (IllegalArgumentException e) {
      throw unknown(String.valueOf(e.getMessage()));
    }
  }

  private static UnknownHostException unknown(String why) {
    return new UnknownHostException(why);
  }

  /// IPv4 first, as every node has it at once.
  private List<IpFamily> families() {
    return own.get().stream().map(IpAddress::family).distinct().sorted().toList();
  }

  private static void requireOverlay(IpAddress address, OverlayNetwork network)
      throws NoRouteToHostException {
    if (network.ranges().stream().noneMatch(range -> range.contains(address))) {
      throw new NoRouteToHostException(
          "%s is not on the overlay, which is %s; a node dials nothing else"
              .formatted(address, network.ranges()));
    }
  }
}
