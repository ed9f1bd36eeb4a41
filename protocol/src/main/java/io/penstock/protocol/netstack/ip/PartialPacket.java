package io.penstock.protocol.netstack.ip;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The fragments that have come of one packet, in the order of their offsets and without overlaps.
///
/// An object serves one packet after the other; its arrays stay as long as they have become. The
/// data of a fragment is always the last part of its buffer.
final class PartialPacket {

  private static final int FIRST_SLOTS = 8;
  private static final int UNKNOWN = -1;

  private boolean ipv4;
  private long sourceHigh;
  private long sourceLow;
  private long destinationHigh;
  private long destinationLow;
  private int id;
  private int protocol;

  private @Nullable ByteBuf[] fragments = new ByteBuf[FIRST_SLOTS];
  private int[] starts = new int[FIRST_SLOTS];
  private int[] ends = new int[FIRST_SLOTS];
  private int count;
  private int dataBytes;
  private int totalBytes;
  private int heldBytes;
  private int linkOffset;
  private boolean congested;
  private boolean dropped;
  private long deadlineNanos;

  /// Begins a new packet with none of its fragments.
  void begin(IpPacket view, long deadline) {
    ipv4 = view.isIpv4();
    sourceHigh = view.sourceHigh();
    sourceLow = view.sourceLow();
    destinationHigh = view.destinationHigh();
    destinationLow = view.destinationLow();
    id = view.fragmentId();
    protocol = view.protocol();
    dataBytes = 0;
    totalBytes = UNKNOWN;
    congested = false;
    dropped = false;
    deadlineNanos = deadline;
  }

  /// Says whether a fragment is of this packet.
  ///
  /// RFC 791 compares the protocol too. In IPv6 it may stand behind further headers that only the
  /// first fragment has (RFC 8200 section 4.5).
  boolean isOf(IpPacket view) {
    return id == view.fragmentId()
        && sourceLow == view.sourceLow()
        && destinationLow == view.destinationLow()
        && sourceHigh == view.sourceHigh()
        && destinationHigh == view.destinationHigh()
        && ipv4 == view.isIpv4()
        && (!ipv4 || protocol == view.protocol());
  }

  /// What is wrong with a fragment that holds the data from `start` to `end`.
  ReassemblyFault check(int start, int end, boolean more) {
    int place = placeOf(start);
    if (place > 0 && starts[place - 1] == start && ends[place - 1] == end) {
      boolean wasLast = totalBytes == end;
      return more == wasLast ? ReassemblyFault.CONTRADICTS_LENGTH : ReassemblyFault.DUPLICATE;
    }
    // RFC 5722 section 4, and RFC 8900 for IPv4: a packet with overlaps is nothing but an attack.
    if ((place > 0 && ends[place - 1] > start) || (place < count && starts[place] < end)) {
      return ReassemblyFault.OVERLAP;
    }
    boolean beyondEnd = totalBytes != UNKNOWN && (more ? end >= totalBytes : end != totalBytes);
    boolean endsEarly = !more && count > 0 && ends[count - 1] > end;
    return beyondEnd || endsEarly ? ReassemblyFault.CONTRADICTS_LENGTH : ReassemblyFault.NONE;
  }

  /// Where a fragment goes: behind all that do not begin later. Most come in order.
  private int placeOf(int start) {
    int place = count;
    while (place > 0 && starts[place - 1] > start) {
      place--;
    }
    return place;
  }

  /// Adds a fragment with which nothing is wrong.
  void add(ByteBuf fragment, int charge, int start, int end, boolean more) {
    if (count == starts.length) {
      fragments = Arrays.copyOf(fragments, 2 * count);
      starts = Arrays.copyOf(starts, 2 * count);
      ends = Arrays.copyOf(ends, 2 * count);
    }
    int place = placeOf(start);
    System.arraycopy(fragments, place, fragments, place + 1, count - place);
    System.arraycopy(starts, place, starts, place + 1, count - place);
    System.arraycopy(ends, place, ends, place + 1, count - place);
    fragments[place] = fragment;
    starts[place] = start;
    ends[place] = end;
    count++;
    dataBytes += end - start;
    heldBytes += charge;
    if (!more) {
      totalBytes = end;
    }
  }

  /// Notes where in the first fragment the byte is that announces the fragment header.
  void linkOffset(int offset) {
    linkOffset = offset;
  }

  int linkOffset() {
    return linkOffset;
  }

  /// Notes that a router has marked congestion on one of the fragments.
  void markCongested() {
    congested = true;
  }

  boolean isCongested() {
    return congested;
  }

  /// Releases the fragments, and refuses all that still come.
  void drop() {
    release();
    dropped = true;
  }

  void release() {
    for (int i = 0; i < count; i++) {
      ByteBuf fragment = fragments[i];
      if (fragment != null) {
        fragment.release();
        fragments[i] = null;
      }
    }
    count = 0;
    heldBytes = 0;
  }

  /// The fragment with the beginning of the packet, which the caller owns from now on; null when it
  /// has not come.
  @Nullable ByteBuf takeFirst() {
    if (count == 0 || starts[0] > 0) {
      return null;
    }
    ByteBuf first = fragments[0];
    fragments[0] = null;
    return first;
  }

  boolean isDropped() {
    return dropped;
  }

  boolean isComplete() {
    return dataBytes == totalBytes;
  }

  boolean isIpv4() {
    return ipv4;
  }

  int count() {
    return count;
  }

  ByteBuf fragment(int index) {
    return Objects.requireNonNull(fragments[index]);
  }

  /// How long the data of a fragment is.
  int dataBytes(int index) {
    return ends[index] - starts[index];
  }

  int totalBytes() {
    return totalBytes;
  }

  int heldBytes() {
    return heldBytes;
  }

  long deadlineNanos() {
    return deadlineNanos;
  }
}
