package io.penstock.protocol.netstack.udp;

import io.penstock.protocol.netstack.ip.EntryTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Which socket has which address and port.
///
/// A key is a version, a local address and port, and a remote address and port; what stands for
/// "any" is 0. A socket for both versions has an entry for each.
final class UdpTable {

  private final EntryTable table;
  private final long secret;
  private @Nullable UdpSocket[] sockets = new UdpSocket[0];
  private long[] keys = new long[0];

  private static final int NUMBERS = 5;

  UdpTable(int maxEntries, long secret) {
    this.table = new EntryTable(maxEntries);
    this.secret = secret;
  }

  /// Adds a key that is not there; [EntryTable#NONE] when the table is full.
  int add(
      UdpSocket socket,
      boolean ipv4,
      long localHigh,
      long localLow,
      int localPort,
      long remoteHigh,
      long remoteLow,
      int remotePort) {
    long rest = rest(ipv4, localPort, remotePort);
    int entry = table.add(hash(localHigh, localLow, remoteHigh, remoteLow, rest));
    if (entry == EntryTable.NONE) {
      return entry;
    }
    if (entry >= sockets.length) {
      int entries = Math.max(4, 2 * sockets.length);
      sockets = Arrays.copyOf(sockets, entries);
      keys = Arrays.copyOf(keys, entries * NUMBERS);
    }
    sockets[entry] = socket;
    int at = entry * NUMBERS;
    keys[at] = localHigh;
    keys[at + 1] = localLow;
    keys[at + 2] = remoteHigh;
    keys[at + 3] = remoteLow;
    keys[at + 4] = rest;
    return entry;
  }

  /// The socket with exactly this key, or null.
  @Nullable UdpSocket find(
      boolean ipv4,
      long localHigh,
      long localLow,
      int localPort,
      long remoteHigh,
      long remoteLow,
      int remotePort) {
    long rest = rest(ipv4, localPort, remotePort);
    int entry = table.first(hash(localHigh, localLow, remoteHigh, remoteLow, rest));
    while (entry != EntryTable.NONE) {
      int at = entry * NUMBERS;
      if (keys[at + 4] == rest
          && keys[at + 1] == localLow
          && keys[at + 3] == remoteLow
          && keys[at] == localHigh
          && keys[at + 2] == remoteHigh) {
        return sockets[entry];
      }
      entry = table.next(entry);
    }
    return null;
  }

  void remove(int entry) {
    sockets[entry] = null;
    table.remove(entry);
  }

  /// All ports that any socket has, whatever its address.
  BitSet ports() {
    BitSet ports = new BitSet();
    for (int e = table.oldest(); e != EntryTable.NONE; e = table.younger(e)) {
      ports.set(localPort(keys[e * NUMBERS + 4]));
    }
    return ports;
  }

  /// All sockets; one for both versions comes twice.
  List<UdpSocket> sockets() {
    List<UdpSocket> all = new ArrayList<>();
    for (int e = table.oldest(); e != EntryTable.NONE; e = table.younger(e)) {
      all.add(Objects.requireNonNull(sockets[e]));
    }
    return all;
  }

  /// The socket that was added first, or null.
  @Nullable UdpSocket oldest() {
    int entry = table.oldest();
    return entry == EntryTable.NONE ? null : Objects.requireNonNull(sockets[entry]);
  }

  int size() {
    return table.size();
  }

  private static long rest(boolean ipv4, int localPort, int remotePort) {
    return (ipv4 ? 1L : 0L) << 32 | (long) localPort << 16 | remotePort;
  }

  private static int localPort(long rest) {
    return (int) (rest >>> 16) & 0xffff;
  }

  private int hash(long localHigh, long localLow, long remoteHigh, long remoteLow, long rest) {
    return EntryTable.hash(
        secret,
        localLow ^ Long.rotateLeft(remoteLow, 21),
        localHigh ^ Long.rotateLeft(remoteHigh, 43),
        rest);
  }
}
