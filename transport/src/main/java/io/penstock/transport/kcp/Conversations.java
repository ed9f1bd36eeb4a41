package io.penstock.transport.kcp;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The conversations of a server by address: for each address the one that counts, and at most one
/// that has come later and may take its place. Event loop only.
final class Conversations {

  private static final class Peer {
    private KcpChannel current;
    private @Nullable KcpChannel challenger;

    Peer(KcpChannel current) {
      this.current = current;
    }
  }

  private final Map<InetSocketAddress, Peer> peers = new HashMap<>();

  boolean isKnown(InetSocketAddress address) {
    return peers.containsKey(address);
  }

  /// Returns the conversation `conv` of an address, or null.
  @Nullable KcpChannel find(InetSocketAddress address, int conv) {
    Peer peer = peers.get(address);
    if (peer == null) {
      return null;
    }
    if (peer.current.session().conv() == conv) {
      return peer.current;
    }
    KcpChannel challenger = peer.challenger;
    return challenger != null && challenger.session().conv() == conv ? challenger : null;
  }

  /// Returns the conversation that counts for an address, or null.
  @Nullable KcpChannel current(InetSocketAddress address) {
    Peer peer = peers.get(address);
    return peer == null ? null : peer.current;
  }

  /// Makes `channel` the conversation of its address, and returns the one that it replaces.
  @Nullable KcpChannel put(InetSocketAddress address, KcpChannel channel) {
    Peer peer = peers.get(address);
    if (peer == null) {
      peers.put(address, new Peer(channel));
      return null;
    }
    KcpChannel replaced = peer.current;
    peer.current = channel;
    return replaced;
  }

  /// Puts `channel` beside the conversation of its address, and returns an earlier such one.
  @Nullable KcpChannel putBeside(InetSocketAddress address, KcpChannel channel) {
    Peer peer = peers.get(address);
    if (peer == null) {
      return put(address, channel);
    }
    KcpChannel replaced = peer.challenger;
    peer.challenger = channel;
    return replaced;
  }

  /// Lets a conversation that stood beside take the place that counts, and returns the one that had
  /// it; null if it had it before.
  @Nullable KcpChannel promote(InetSocketAddress address, KcpChannel channel) {
    Peer peer = peers.get(address);
    if (peer == null || !channel.equals(peer.challenger)) {
      return null;
    }
    KcpChannel replaced = peer.current;
    peer.current = channel;
    peer.challenger = null;
    return replaced;
  }

  void remove(InetSocketAddress address, KcpChannel channel) {
    Peer peer = peers.get(address);
    if (peer == null) {
      return;
    }
    KcpChannel challenger = peer.challenger;
    if (channel.equals(challenger)) {
      peer.challenger = null;
    } else if (channel.equals(peer.current)) {
      if (challenger == null) {
        peers.remove(address);
      } else {
        peer.current = challenger;
        peer.challenger = null;
      }
    }
  }

  boolean isEmpty() {
    return peers.isEmpty();
  }

  List<KcpChannel> all() {
    List<KcpChannel> all = new ArrayList<>();
    for (Peer peer : peers.values()) {
      all.add(peer.current);
      if (peer.challenger != null) {
        all.add(peer.challenger);
      }
    }
    return all;
  }
}
