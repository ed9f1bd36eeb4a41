package io.penstock.node.device;

import io.netty.buffer.ByteBuf;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Counts what a node exchanges with each of its peers, by the addresses in the packets.
///
/// Only peers that it was told of with [#know] are counted, so it is as large as their list; what
/// goes to other addresses, or comes from them, costs a lookup and leaves nothing. A peer keeps its
/// figures when it changes its addresses, and loses them when it is forgotten.
///
/// Packets are counted on one thread, their event loop, which allocates nothing; everything else
/// may be called from any thread.
public final class PeerTraffic {

  private static final PeerAddresses NOBODY = new PeerAddresses(0);

  private volatile Map<UUID, PeerTally> byId = Map.of();
  private volatile PeerAddresses byAddress = NOBODY;

  /// Counts nobody yet.
  public PeerTraffic() {}

  /// Counts these peers from now on, and forgets all others.
  public synchronized void know(PeerSnapshot peers) {
    Map<UUID, PeerTally> tallies = new HashMap<>();
    PeerAddresses addresses =
        new PeerAddresses(
            peers.items().stream().map(PeerInfo::addresses).mapToInt(List::size).sum());
    for (PeerInfo peer : peers.items()) {
      PeerTally had = byId.get(peer.id());
      PeerTally tally = had == null ? new PeerTally() : had;
      tallies.put(peer.id(), tally);
      for (IpAddress address : peer.addresses()) {
        IpEndpoint key = IpEndpoint.of(address.bytes(), 0);
        addresses.put(key.high(), key.low(), tally);
      }
    }
    byId = tallies;
    byAddress = addresses;
  }

  /// What was exchanged with a peer; empty when it is not known.
  public Optional<PeerCounters> of(UUID peer) {
    return Optional.ofNullable(byId.get(peer)).map(PeerTally::counters);
  }

  /// Counts a packet that came through the tunnel, by its source.
  void received(ByteBuf packet) {
    PeerTally from = at(packet, 12, 8);
    if (from != null) {
      from.received(packet.readableBytes());
    }
  }

  /// The tally for packets to the destination of this one; null when that is no peer.
  @Nullable PeerTally destination(ByteBuf packet) {
    return at(packet, 16, 24);
  }

  private @Nullable PeerTally at(ByteBuf packet, int at4, int at6) {
    PeerAddresses peers = byAddress;
    int at = packet.readerIndex();
    int bytes = packet.readableBytes();
    if (bytes >= Ipv4Header.MIN_BYTES && Ipv4Header.version(packet, at) == 4) {
      return peers.find(0, packet.getUnsignedInt(at + at4));
    }
    if (bytes >= Ipv6Header.BYTES && Ipv4Header.version(packet, at) == 6) {
      return peers.find(packet.getLong(at + at6), packet.getLong(at + at6 + Long.BYTES));
    }
    return null;
  }
}
