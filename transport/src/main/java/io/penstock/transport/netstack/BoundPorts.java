package io.penstock.transport.netstack;

import io.netty.channel.Channel;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.net.BindException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// The channels of a stack that hold a local port and have no connection that would tell them the
/// end of the stack: listeners, UDP sockets, and sockets that are bound to connect later.
///
/// It also names them to whoever comes second, and finds them by their port, however many others
/// there are. Event loop only.
final class BoundPorts {

  /// Which ports are the same one: TCP and UDP have their own.
  enum Protocol {
    TCP,
    UDP
  }

  private record Place(Protocol protocol, int port) {}

  /// Most ports have one holder.
  private static final int HOLDERS = 2;

  /// Where each channel is in [#byPort].
  private final Map<Channel, Place> channels = new LinkedHashMap<>();

  private final Map<Place, Set<Channel>> byPort = new HashMap<>();
  private final RandomGenerator random;
  private final int firstPort;
  private final int lastPort;

  /// @param random where ports come from that nobody named (RFC 6056)
  BoundPorts(TcpConfig config, RandomGenerator random) {
    this.random = random;
    firstPort = config.localPortFirst();
    lastPort = config.localPortLast();
  }

  /// Notes a channel that is bound; its port stays the same for as long as it is here.
  void add(Channel channel) {
    Protocol protocol = channel instanceof NetstackDatagramChannel ? Protocol.UDP : Protocol.TCP;
    Place place = new Place(protocol, local(channel).port());
    channels.put(channel, place);
    byPort.computeIfAbsent(place, _ -> new LinkedHashSet<>(HOLDERS)).add(channel);
  }

  /// Forgets a channel, if it is known.
  void remove(Channel channel) {
    Place place = channels.remove(channel);
    if (place != null) {
      byPort.computeIfPresent(
          place,
          (_, holders) -> {
            holders.remove(channel);
            return holders.isEmpty() ? null : holders;
          });
    }
  }

  private Stream<Channel> holders(Protocol protocol, IpEndpoint wanted) {
    return byPort.getOrDefault(new Place(protocol, wanted.port()), Set.of()).stream();
  }

  List<Channel> all() {
    return List.copyOf(channels.keySet());
  }

  /// Who holds exactly this address and port, where all forms of "any address" are one.
  Optional<Channel> holder(Protocol protocol, IpEndpoint wanted) {
    return holders(protocol, wanted).filter(channel -> isSame(local(channel), wanted)).findFirst();
  }

  /// Who holds this port at an address that a socket bound to `wanted` would have too.
  Optional<Channel> overlapping(Protocol protocol, IpEndpoint wanted) {
    return holders(protocol, wanted)
        .filter(channel -> overlaps(local(channel), wanted))
        .findFirst();
  }

  /// The address with a port of TCP that nobody holds.
  IpEndpoint anyFree(IpEndpoint address) throws BindException {
    int count = lastPort - firstPort + 1;
    int offset = random.nextInt(count);
    for (int i = 0; i < count; i++) {
      IpEndpoint candidate = address.withPort(firstPort + (offset + i) % count);
      if (overlapping(Protocol.TCP, candidate).isEmpty()) {
        return candidate;
      }
    }
    throw new BindException("Cannot assign requested address: no local port is free");
  }

  private static IpEndpoint local(Channel channel) {
    return SocketAddresses.endpoint(channel.localAddress());
  }

  private static boolean isSame(IpEndpoint one, IpEndpoint other) {
    return one.equals(other)
        || (one.port() == other.port() && one.isUnspecified() && other.isUnspecified());
  }

  private static boolean overlaps(IpEndpoint one, IpEndpoint other) {
    return one.equals(other)
        || (one.port() == other.port() && (one.isUnspecified() || other.isUnspecified()));
  }

  /// Refuses a listener on a port that somebody has for himself alone, or one that wants to be
  /// alone where somebody is.
  void requireSharing(NetstackServerChannel wanting, IpEndpoint wanted) throws BindException {
    boolean excluded =
        holders(Protocol.TCP, wanted)
            .filter(channel -> overlaps(local(channel), wanted))
            .anyMatch(channel -> isExclusive(channel) || isExclusive(wanting));
    if (excluded) {
      throw inUse(Protocol.TCP, wanted);
    }
  }

  private static boolean isExclusive(Channel channel) {
    return Boolean.TRUE.equals(channel.config().getOption(NetstackOption.EXCLUSIVE));
  }

  /// What is said to whoever wants the same port.
  BindException inUse(Protocol protocol, IpEndpoint wanted) {
    String owner =
        holder(protocol, wanted)
            .or(() -> overlapping(protocol, wanted))
            .map(channel -> ", by " + channel.config().getOption(NetstackOption.OWNER))
            .orElse("");
    return new BindException("Address already in use: " + wanted + owner);
  }
}
