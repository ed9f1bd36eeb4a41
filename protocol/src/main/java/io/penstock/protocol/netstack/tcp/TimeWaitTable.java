package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.ip.EntryTable;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.Arrays;

/// What is left of connections that have ended: enough to answer a late segment and to take a new
/// SYN of the same ends (RFC 9293 section 3.6.1, RFC 1337, 6191).
///
/// Arrays of primitives, at most 81 bytes a record with its share of the [EntryTable]. All records
/// live equally long, so the order by age is the order by deadline. When the table is full the
/// oldest record goes.
final class TimeWaitTable {

  static final int NONE = EntryTable.NONE;

  private static final int FIRST_RECORDS = 16;
  private static final byte IPV4 = 1;
  private static final byte STAMPED = 2;

  private final TcpSecrets secrets;
  private final EntryTable table;
  private final int maxRecords;
  private final long lifeNanos;

  private long[] localHigh = new long[0];
  private long[] localLow = new long[0];
  private long[] remoteHigh = new long[0];
  private long[] remoteLow = new long[0];
  private int[] ports = new int[0];
  private int[] sndNxt = new int[0];
  private int[] rcvNxt = new int[0];
  private int[] tsRecent = new int[0];
  private long[] deadlines = new long[0];
  private byte[] kinds = new byte[0];

  TimeWaitTable(TcpSecrets secrets, TcpConfig config) {
    this.secrets = secrets;
    maxRecords = config.maxTimeWaitRecords();
    table = new EntryTable(maxRecords);
    lifeNanos = config.timeWaitNanos();
  }

  int size() {
    return table.size();
  }

  /// Adds a record.
  ///
  /// @return whether the oldest had to go for it
  boolean add(Flow flow, int nextSent, int nextExpected, boolean stamped, int stamp, long now) {
    boolean evicts = table.isFull();
    if (evicts) {
      table.remove(table.oldest());
    }
    int record = table.add(secrets.tableHash(flow));
    if (record >= ports.length) {
      grow(Math.min(maxRecords, Math.max(FIRST_RECORDS, 2 * ports.length)));
    }
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
    return evicts;
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
    kinds = Arrays.copyOf(kinds, length);
  }

  void remove(int record) {
    table.remove(record);
  }

  /// The peer has sent its FIN again: the time begins anew.
  void renew(int record, long nowNanos) {
    deadlines[record] = Deadlines.after(nowNanos, lifeNanos);
    table.touch(record);
  }

  long nextDeadlineNanos() {
    int oldest = table.oldest();
    return oldest == NONE ? Deadlines.NONE : deadlines[oldest];
  }

  void onDeadline(long nowNanos) {
    for (int oldest = table.oldest();
        oldest != NONE && Deadlines.isDue(deadlines[oldest], nowNanos);
        oldest = table.oldest()) {
      table.remove(oldest);
    }
  }

  int find(IpPacket packet) {
    if (table.size() == 0) {
      return NONE;
    }
    int record = table.first(secrets.tableHash(packet));
    while (record != NONE && !isOf(record, packet)) {
      record = table.next(record);
    }
    return record;
  }

  private boolean isOf(int record, IpPacket packet) {
    return ports[record] == (packet.destinationPort() << 16 | packet.sourcePort())
        && remoteLow[record] == packet.sourceLow()
        && localLow[record] == packet.destinationLow()
        && remoteHigh[record] == packet.sourceHigh()
        && localHigh[record] == packet.destinationHigh()
        && ((kinds[record] & IPV4) != 0) == packet.isIpv4();
  }

  int find(Flow flow) {
    int record = table.first(secrets.tableHash(flow));
    while (record != NONE && !flowOf(record).equals(flow)) {
      record = table.next(record);
    }
    return record;
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
}
