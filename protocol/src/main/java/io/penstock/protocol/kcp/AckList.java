package io.penstock.protocol.kcp;

import java.util.Arrays;

/// Acknowledgements that wait to be sent: the number and the echoed time of each.
final class AckList {

  private static final int INITIAL = 16;

  private final int limit;
  private int[] sns = new int[INITIAL];
  private int[] times = new int[INITIAL];
  private int size;

  /// Makes a list of at most `limit`; what comes on top is dropped, and its sender sends again.
  AckList(int limit) {
    this.limit = limit;
  }

  void add(int sn, int ts) {
    if (size == limit) {
      return;
    }
    if (size == sns.length) {
      int larger = Math.min(limit, 2 * size);
      sns = Arrays.copyOf(sns, larger);
      times = Arrays.copyOf(times, larger);
    }
    sns[size] = sn;
    times[size] = ts;
    size++;
  }

  int size() {
    return size;
  }

  int sn(int index) {
    return sns[index];
  }

  int ts(int index) {
    return times[index];
  }

  /// Drops all acknowledgements that `una` says as well, except the last of all, which carries it.
  void compact(int rcvNxt) {
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (i == size - 1 || sns[i] - rcvNxt >= 0) {
        sns[kept] = sns[i];
        times[kept] = times[i];
        kept++;
      }
    }
    size = kept;
  }

  /// Drops the first `count`.
  void removeFirst(int count) {
    size -= count;
    System.arraycopy(sns, count, sns, 0, size);
    System.arraycopy(times, count, times, 0, size);
  }

  void clear() {
    size = 0;
  }
}
