package io.penstock.transport.kcp;

import io.penstock.protocol.kcp.KcpCloseReason;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The sessions of a server that have proven nothing, and what they hold together.
///
/// Those whose peer has echoed a time of ours cannot have a forged source and are never evicted for
/// a newcomer. The others leave in the order in which they came. Event loop only.
final class UnprovenPeers {

  private final KcpServerLimits limits;
  private final Set<KcpChannel> unanswered = new LinkedHashSet<>();
  private final Map<KcpChannel, Integer> heldBytes = new HashMap<>();
  private long heldBytesInAll;

  UnprovenPeers(KcpServerLimits limits) {
    this.limits = limits;
  }

  /// Makes a place for one more session; false when there is none.
  boolean admitsPeer() {
    while (heldBytes.size() >= limits.unprovenPeers()) {
      if (!evictOldest(null)) {
        return false;
      }
    }
    return true;
  }

  /// Makes room for one more datagram of `channel`, or of a newcomer; false when there is none.
  boolean admitsBytes(@Nullable KcpChannel channel) {
    while (heldBytesInAll >= limits.unprovenBytes()) {
      if (!evictOldest(channel)) {
        return false;
      }
    }
    return true;
  }

  private boolean evictOldest(@Nullable KcpChannel spared) {
    Iterator<KcpChannel> oldest = unanswered.iterator();
    while (oldest.hasNext()) {
      KcpChannel channel = oldest.next();
      if (!channel.equals(spared)) {
        channel.abort(KcpCloseReason.EVICTED);
        remove(channel);
        return true;
      }
    }
    return false;
  }

  void add(KcpChannel channel) {
    unanswered.add(channel);
    heldBytes.put(channel, 0);
  }

  boolean contains(KcpChannel channel) {
    return heldBytes.containsKey(channel);
  }

  /// Takes note of what a session holds now.
  void update(KcpChannel channel, int held, boolean returnProven) {
    Integer before = heldBytes.replace(channel, held);
    if (before == null) {
      return;
    }
    heldBytesInAll += held - before;
    if (returnProven) {
      unanswered.remove(channel);
    }
  }

  void remove(KcpChannel channel) {
    Integer held = heldBytes.remove(channel);
    if (held != null) {
      heldBytesInAll -= held;
      unanswered.remove(channel);
    }
  }

  int size() {
    return heldBytes.size();
  }

  long heldBytes() {
    return heldBytesInAll;
  }
}
