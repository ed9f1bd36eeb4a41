package io.penstock.protocol.netstack.tcp;

import java.util.Arrays;

/// The memory of a [Flight]: 13 bytes for each of a power of two of segments, and the SACK blocks
/// that came last.
final class FlightSlots {

  static final int CACHED_BLOCKS = 4;
  static final int BYTES_PER_SLOT = Integer.BYTES + Long.BYTES + Byte.BYTES;

  final int[] ends;
  final long[] sentNanos;
  final byte[] flags;
  final int[] cachedStart = new int[CACHED_BLOCKS];
  final int[] cachedEnd = new int[CACHED_BLOCKS];

  FlightSlots(int count) {
    ends = new int[count];
    sentNanos = new long[count];
    flags = new byte[count];
  }

  int count() {
    return ends.length;
  }

  void copySegment(int to, FlightSlots source, int from) {
    ends[to] = source.ends[from];
    sentNanos[to] = source.sentNanos[from];
    flags[to] = source.flags[from];
  }

  void copyBlocks(FlightSlots source) {
    System.arraycopy(source.cachedStart, 0, cachedStart, 0, CACHED_BLOCKS);
    System.arraycopy(source.cachedEnd, 0, cachedEnd, 0, CACHED_BLOCKS);
  }

  void forgetBlocks() {
    Arrays.fill(cachedStart, 0);
    Arrays.fill(cachedEnd, 0);
  }
}
