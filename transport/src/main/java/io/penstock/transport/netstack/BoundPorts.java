package io.penstock.transport.netstack;

import io.netty.channel.Channel;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.net.BindException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/// The channels of a stack that hold a local port and have no connection that would tell them the
/// end of the stack: listeners, UDP sockets, and sockets that are bound to connect later.
///
/// It also names them to whoever comes second. Event loop only.
final class BoundPorts {

  /// Which ports are the same one: TCP and UDP have their own.
  enum Protocol {
    TCP,
    UDP
  }

  private final Set<Channel> channels = new LinkedHashSet<>();
  private final RandomGenerator random;
  private final int firstPort;
  private final int lastPort;

  /// @param random where ports come from that nobody named (RFC 6056)
  BoundPorts(TcpConfig config, RandomGenerator random) {
    this.random = random;
    firstPort = config.localPortFirst();
    lastPort = config.localPortLast();
  }

  void add(Channel channel) {
    channels.add(channel);
  }

  void remove(Channel channel) {
    channels.remove(channel);
  }

  List<Channel> all() {
    return List.copyOf(channels);
  }

  /// Who holds exactly this address and port, where all forms of "any address" are one.
  Optional<Channel> holder(Protocol protocol, IpEndpoint wanted) {
    return channels.stream()
        .filter(channel -> isOf(protocol, channel))
        .filter(channel -> isSame(local(channel), wanted))
        .findFirst();
  }

  /// Who holds this port at an address that a socket bound to `wanted` would have too.
  Optional<Channel> overlapping(Protocol protocol, IpEndpoint wanted) {
    return channels.stream()
        .filter(channel -> isOf(protocol, channel))
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

  private static boolean isOf(Protocol protocol, Channel channel) {
    return switch (protocol) {
      case TCP -> channel instanceof NetstackServerChannel || channel instanceof NetstackChannel;
      case UDP -> channel instanceof NetstackDatagramChannel;
    };
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
        channels.stream()
            .filter(channel -> isOf(Protocol.TCP, channel))
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
