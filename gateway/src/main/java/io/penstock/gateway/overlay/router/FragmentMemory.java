package io.penstock.gateway.overlay.router;

import io.penstock.protocol.netstack.wire.IpPacket;

/// The fragmented packets of one tunnel whose first fragment the policy has let pass.
///
/// Only a first fragment names ports, so later ones follow the verdict on it; one whose first
/// fragment was refused, was lost, or came later than itself is refused. The memory has few places,
/// which are taken in turn, and belongs to one tunnel, so that nobody can push out the fragments of
/// another. Used on the tunnel's loop alone.
final class FragmentMemory {

  private static final int PLACES = 16;
  private static final int WORDS = 5;

  /// Fragments of one packet follow each other closely; a host reassembles for up to 60 s.
  private static final long LIFETIME_NANOS = 5_000_000_000L;

  private final long[] keys = new long[WORDS * PLACES];
  private final long[] expiresAtNanos = new long[PLACES];
  private int used;
  private int turn;

  /// Lets the later fragments of this first one pass.
  void allow(IpPacket first, long nowNanos) {
    int place = placeOf(first);
    if (place < 0) {
      place = turn;
      turn = (turn + 1) % PLACES;
      used = Math.min(PLACES, used + 1);
      int at = WORDS * place;
      keys[at] = first.sourceHigh();
      keys[at + 1] = first.sourceLow();
      keys[at + 2] = first.destinationHigh();
      keys[at + 3] = first.destinationLow();
      keys[at + 4] = idAndProtocol(first);
    }
    expiresAtNanos[place] = nowNanos + LIFETIME_NANOS;
  }

  /// Says whether the first fragment of this later one passed.
  boolean allows(IpPacket later, long nowNanos) {
    int place = placeOf(later);
    return place >= 0 && expiresAtNanos[place] - nowNanos > 0;
  }

  private int placeOf(IpPacket packet) {
    for (int place = 0; place < used; place++) {
      int at = WORDS * place;
      if (keys[at + 4] == idAndProtocol(packet)
          && keys[at + 3] == packet.destinationLow()
          && keys[at + 2] == packet.destinationHigh()
          && keys[at + 1] == packet.sourceLow()
          && keys[at] == packet.sourceHigh()) {
        return place;
      }
    }
    return -1;
  }

  /// The protocol counts for IPv4 only: in IPv6 it is that of the header behind, which extension
  /// headers make differ between fragments (RFC 8200 section 4.5).
  private static long idAndProtocol(IpPacket packet) {
    long id = (packet.fragmentId() & 0xffff_ffffL) << 8;
    return packet.isIpv4() ? id | packet.protocol() : id;
  }
}
