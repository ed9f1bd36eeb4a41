package io.penstock.transport.quic;

/// How many datagrams QUIC's own queue may hold, worked out from what left the connection.
///
/// QUIC tells neither how long its queue is nor when a datagram leaves it; it counts the packets
/// and bytes that it sent. Datagrams leave in order, so two marks in the row of those handed over
/// bound the front of the queue: whatever acknowledgements may have been among the bytes, the
/// datagrams before [#gone] have left, and those from `perhapsGone` on have not. Both marks are
/// exact as long as the acknowledgements of an interval are smaller than a datagram; errors add up
/// otherwise, and are wiped out by [#foundFull] and [#foundEmpty].
final class QueueAccount {

  /// Frame type and a two-byte length in front of a datagram (RFC 9221, section 4).
  private static final int FRAME_BYTES = 3;

  /// A short header with a 1-byte packet number less the connection id, and the AEAD tag.
  private static final int LEAST_PACKET_BYTES = 1 + 1 + 16;

  /// The same with a 4-byte packet number.
  private static final int MOST_PACKET_BYTES = 1 + 4 + 16;

  /// An ACK frame with a few ranges (RFC 9000, section 19.3).
  private static final int ACK_BYTES = 32;

  private static final int NOTHING = -FRAME_BYTES;

  private final int capacity;
  private final int[] sizes;
  private final int mask;
  private long handed;
  private long gone;
  private long perhapsGone;
  private long perhapsGoneBytes;
  private long handedBytes;
  private long acksOwed;
  private long packets;
  private long bytes;
  private long received;

  QueueAccount(int capacity) {
    this.capacity = capacity;
    sizes = new int[Integer.highestOneBit(capacity) << 1];
    mask = sizes.length - 1;
  }

  /// Notes a datagram that QUIC took; returns its place in the row.
  long handed(int size) {
    sizes[(int) handed & mask] = size;
    handedBytes += size + FRAME_BYTES;
    long place = handed++;
    skipOverfull();
    return place;
  }

  /// Takes back what was noted at `place`: QUIC refused it.
  void refused(long place) {
    int at = (int) place & mask;
    handedBytes -= sizes[at] + FRAME_BYTES;
    sizes[at] = NOTHING;
  }

  /// Most datagrams that QUIC can hold now.
  int most() {
    return (int) (handed - gone);
  }

  /// Fewest datagrams that QUIC can hold now.
  int fewest() {
    return (int) (handed - perhapsGone);
  }

  /// The bytes of the fewest datagrams that QUIC can hold now.
  long fewestBytes() {
    return handedBytes - perhapsGoneBytes;
  }

  /// Notes that QUIC refused a datagram because its queue was full.
  void foundFull() {
    gone = Math.max(0, handed - capacity);
    perhapsGone = gone;
    perhapsGoneBytes = handedBytes;
    for (long at = perhapsGone; at < handed; at++) {
      perhapsGoneBytes -= sizes[(int) at & mask] + FRAME_BYTES;
    }
  }

  /// Notes that everything has left.
  void foundEmpty() {
    gone = handed;
    perhapsGone = handed;
    perhapsGoneBytes = handedBytes;
  }

  /// Notes that nothing can be said any more: QUIC may hold nothing or as much as it can.
  void foundStale() {
    perhapsGone = handed;
    perhapsGoneBytes = handedBytes;
    gone = Math.max(0, handed - capacity);
  }

  /// Reads what the connection has sent and received since it began.
  ///
  /// @param connectionIdBytes the length of the peer's connection id, which is in each packet
  /// @param probeBytes what may be among the bytes in order to find the path's MTU
  /// @param acknowledged whether all that was received has been acknowledged by now
  void sent(
      long packetsSent,
      long bytesSent,
      long packetsReceived,
      int connectionIdBytes,
      int probeBytes,
      boolean acknowledged) {
    long newPackets = packetsSent - packets;
    long newBytes = bytesSent - bytes;
    acksOwed += packetsReceived - received;
    packets = packetsSent;
    bytes = bytesSent;
    received = packetsReceived;
    if (newPackets > 0) {
      long acks = Math.min(newPackets, acksOwed);
      long most = newBytes - newPackets * (LEAST_PACKET_BYTES + connectionIdBytes);
      long least =
          newBytes
              - newPackets * (MOST_PACKET_BYTES + connectionIdBytes)
              - acks * ACK_BYTES
              - probeBytes;
      advancePerhapsGone(most);
      advanceGone(least);
    }
    if (acknowledged) {
      acksOwed = 0;
    }
  }

  /// As many whole datagrams as fit into the bytes may have left.
  private void advancePerhapsGone(long budget) {
    long left = budget;
    while (perhapsGone < handed) {
      int cost = sizes[(int) perhapsGone & mask] + FRAME_BYTES;
      if (cost > left) {
        return;
      }
      left -= cost;
      perhapsGoneBytes += cost;
      perhapsGone++;
    }
  }

  /// Datagrams left whole, so the one that the last byte falls into has left too.
  private void advanceGone(long budget) {
    long left = budget;
    while (gone < perhapsGone && left > 0) {
      left -= sizes[(int) gone & mask] + FRAME_BYTES;
      gone++;
    }
  }

  /// QUIC took this one, so there was room for it.
  private void skipOverfull() {
    long floor = handed - capacity;
    gone = Math.max(gone, floor);
    while (perhapsGone < floor) {
      perhapsGoneBytes += sizes[(int) perhapsGone & mask] + FRAME_BYTES;
      perhapsGone++;
    }
  }
}
