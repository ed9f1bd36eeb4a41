package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.Arrays;

/// What is left of connections that have ended: enough to answer a late segment and to take a new
/// SYN of the same ends (RFC 9293 section 3.6.1, RFC 1337, 6191).
///
/// Arrays of primitives, at most 82 bytes a record with its share of the hash table. All records
/// live equally long, so the list by age is the list by deadline. When the table is full the oldest
/// record goes.
final class TimeWaitTable {

  static final int NONE = -1;

  private static final int FIRST_RECORDS = 16;
  private static final byte IPV4 = 1;
  private static final byte STAMPED = 2;

  private final TcpSecrets secrets;
  private final int maxRecords;
  private final long lifeNanos;

  private long[] localHigh = new long[FIRST_RECORDS];
  private long[] localLow = new long[FIRST_RECORDS];
  private long[] remoteHigh = new long[FIRST_RECORDS];
  private long[] remoteLow = new long[FIRST_RECORDS];
  private int[] ports = new int[FIRST_RECORDS];
  private int[] sndNxt = new int[FIRST_RECORDS];
  private int[] rcvNxt = new int[FIRST_RECORDS];
  private int[] tsRecent = new int[FIRST_RECORDS];
  private long[] deadlines = new long[FIRST_RECORDS];
  private int[] newer = new int[FIRST_RECORDS];
  private int[] older = new int[FIRST_RECORDS];
  private byte[] kinds = new byte[FIRST_RECORDS];

  /// Record numbers, plus one; 0 is free.
  private int[] slots = new int[2 * FIRST_RECORDS];

  private int oldest = NONE;
  private int newest = NONE;
  private int free = NONE;
  private int used;
  private int size;

  TimeWaitTable(TcpSecrets secrets, TcpConfig config) {
    this.secrets = secrets;
    maxRecords = config.maxTimeWaitRecords();
    lifeNanos = config.timeWaitNanos();
  }

  int size() {
    return size;
  }

  /// Adds a record.
  ///
  /// @return whether the oldest had to go for it
  boolean add(Flow flow, int nextSent, int nextExpected, boolean stamped, int stamp, long now) {
    boolean evicts = size == maxRecords;
    if (evicts) {
      remove(oldest);
    }
    int record = freshRecord();
    localHigh[record] = flow.localHigh();
    localLow[record] = flow.localLow();
    remoteHigh[record] = flow.remoteHigh();
    remoteLow[record] = flow.remoteLow();
    ports[record] = flow.localPort() << 16 | flow.remotePort();
    sndNxt[record] = nextSent;
    rcvNxt[record] = nextExpected;
    tsRecent[record] = stamp;
    kinds[record] = (byte) ((flow.ipv4() ? IPV4 : 0) | (stamped ? STAMPED : 0));
    deadlines[record] = Deadlines.after(now, lifeNanos);
    append(record);
    size++;
    slots[freeSlot(secrets.tableHash(flow))] = record + 1;
    return evicts;
  }

  private int freshRecord() {
    if (free != NONE) {
      int record = free;
      free = newer[record];
      return record;
    }
    if (used == ports.length) {
      grow(Math.min(maxRecords, used * 2));
    }
    return used++;
  }

  private void grow(int length) {
    localHigh = Arrays.copyOf(localHigh, length);
    localLow = Arrays.copyOf(localLow, length);
    remoteHigh = Arrays.copyOf(remoteHigh, length);
    remoteLow = Arrays.copyOf(remoteLow, length);
    ports = Arrays.copyOf(ports, length);
    sndNxt = Arrays.copyOf(sndNxt, length);
    rcvNxt = Arrays.copyOf(rcvNxt, length);
    tsRecent = Arrays.copyOf(tsRecent, length);
    deadlines = Arrays.copyOf(deadlines, length);
    newer = Arrays.copyOf(newer, length);
    older = Arrays.copyOf(older, length);
    kinds = Arrays.copyOf(kinds, length);
    slots = new int[Math.max(2, Integer.highestOneBit(2 * length - 1) << 1)];
    for (int record = oldest; record != NONE; record = newer[record]) {
      slots[freeSlot(hashOf(record))] = record + 1;
    }
  }

  private void append(int record) {
    newer[record] = NONE;
    older[record] = newest;
    if (newest == NONE) {
      oldest = record;
    } else {
      newer[newest] = record;
    }
    newest = record;
  }

  private void unlink(int record) {
    int before = older[record];
    int after = newer[record];
    if (before == NONE) {
      oldest = after;
    } else {
      newer[before] = after;
    }
    if (after == NONE) {
      newest = before;
    } else {
      older[after] = before;
    }
  }

  void remove(int record) {
    freeSlotOf(record);
    unlink(record);
    newer[record] = free;
    free = record;
    size--;
  }

  /// The peer has sent its FIN again: the time begins anew.
  void renew(int record, long nowNanos) {
    unlink(record);
    deadlines[record] = Deadlines.after(nowNanos, lifeNanos);
    append(record);
  }

  long nextDeadlineNanos() {
    return oldest == NONE ? Deadlines.NONE : deadlines[oldest];
  }

  void onDeadline(long nowNanos) {
    while (oldest != NONE && Deadlines.isDue(deadlines[oldest], nowNanos)) {
      remove(oldest);
    }
  }

  int find(IpPacket packet) {
    if (size == 0) {
      return NONE;
    }
    int mask = slots.length - 1;
    for (int i = secrets.tableHash(packet) & mask; slots[i] != 0; i = (i + 1) & mask) {
      int record = slots[i] - 1;
      if (ports[record] == (packet.destinationPort() << 16 | packet.sourcePort())
          && remoteLow[record] == packet.sourceLow()
          && localLow[record] == packet.destinationLow()
          && remoteHigh[record] == packet.sourceHigh()
          && localHigh[record] == packet.destinationHigh()
          && ((kinds[record] & IPV4) != 0) == packet.isIpv4()) {
        return record;
      }
    }
    return NONE;
  }

  int find(Flow flow) {
    int mask = slots.length - 1;
    for (int i = secrets.tableHash(flow) & mask; slots[i] != 0; i = (i + 1) & mask) {
      int record = slots[i] - 1;
      if (ports[record] == (flow.localPort() << 16 | flow.remotePort())
          && flowOf(record).equals(flow)) {
        return record;
      }
    }
    return NONE;
  }

  Flow flowOf(int record) {
    return new Flow(
        (kinds[record] & IPV4) != 0,
        localHigh[record],
        localLow[record],
        ports[record] >>> 16,
        remoteHigh[record],
        remoteLow[record],
        ports[record] & 0xffff);
  }

  int sndNxt(int record) {
    return sndNxt[record];
  }

  int rcvNxt(int record) {
    return rcvNxt[record];
  }

  int tsRecent(int record) {
    return tsRecent[record];
  }

  boolean isStamped(int record) {
    return (kinds[record] & STAMPED) != 0;
  }

  /// How long ago the record was made or renewed.
  long ageNanos(int record, long nowNanos) {
    return nowNanos - (deadlines[record] - lifeNanos);
  }

  private int hashOf(int record) {
    return secrets.tableHash(flowOf(record));
  }

  private int freeSlot(int hash) {
    int mask = slots.length - 1;
    int i = hash & mask;
    while (slots[i] != 0) {
      i = (i + 1) & mask;
    }
    return i;
  }

  private void freeSlotOf(int record) {
    int mask = slots.length - 1;
    int gap = hashOf(record) & mask;
    while (slots[gap] != record + 1) {
      gap = (gap + 1) & mask;
    }
    slots[gap] = 0;
    for (int i = (gap + 1) & mask; slots[i] != 0; i = (i + 1) & mask) {
      int home = hashOf(slots[i] - 1) & mask;
      if (((i - home) & mask) >= ((i - gap) & mask)) {
        slots[gap] = slots[i];
        slots[i] = 0;
        gap = i;
      }
    }
  }
}
