package io.penstock.gateway.backend;

import io.netty.channel.Channel;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/// The connections that have not proved yet that they are agents: at most so many, the oldest goes
/// first. Over KCP, where an address may be forged, a connection comes in after its TLS handshake.
///
/// An agent needs its place for the moment of a handshake, while connections that say nothing grow
/// old; so a flood of silent ones pushes out itself and not a good agent. Safe from any thread.
final class UnadmittedConnections {

  private final int limit;
  private final SequencedSet<Channel> waiting = new LinkedHashSet<>();
  private long evicted;

  UnadmittedConnections(int limit) {
    this.limit = limit;
  }

  /// Takes in a new connection, which may cost the oldest its life.
  void add(Channel channel) {
    Channel oldest = enter(channel);
    channel.closeFuture().addListener(_ -> remove(channel));
    if (oldest != null) {
      oldest.close();
    }
  }

  /// Lets a connection go that is admitted or closed.
  synchronized void remove(Channel channel) {
    waiting.remove(channel);
  }

  synchronized int size() {
    return waiting.size();
  }

  /// How many were closed to make room, so far.
  synchronized long evicted() {
    return evicted;
  }

  private synchronized @Nullable Channel enter(Channel channel) {
    waiting.add(channel);
    if (waiting.size() <= limit) {
      return null;
    }
    evicted++;
    return waiting.removeFirst();
  }
}
