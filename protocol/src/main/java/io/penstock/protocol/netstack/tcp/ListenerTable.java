package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.ip.EntryTable;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The listeners of a stack by their addresses and ports. A wildcard listener, which has no
/// address, counts as being at address 0 of neither version.
final class ListenerTable {

  /// What the bookkeeping can count.
  private static final int MAX_LISTENERS = 1 << 24;

  private static final int FIRST_SLOTS = 4;

  private final TcpSecrets secrets;
  private final EntryTable table = new EntryTable(MAX_LISTENERS);
  private @Nullable TcpListener[] listeners = new TcpListener[0];

  ListenerTable(TcpSecrets secrets) {
    this.secrets = secrets;
  }

  /// Adds a listener; false when another has the same address and port.
  boolean add(TcpListener listener) {
    IpEndpoint address = listener.address();
    int taken =
        address == null
            ? findWildcard(listener.port())
            : findExact(address.ipv4(), address.high(), address.low(), listener.port());
    int entry = taken == EntryTable.NONE ? table.add(hash(listener)) : EntryTable.NONE;
    if (entry == EntryTable.NONE) {
      return false;
    }
    if (entry >= listeners.length) {
      listeners = Arrays.copyOf(listeners, Math.max(FIRST_SLOTS, 2 * listeners.length));
    }
    listeners[entry] = listener;
    return true;
  }

  /// Removes a listener that is there.
  void remove(TcpListener listener) {
    int entry = table.first(hash(listener));
    while (entry != EntryTable.NONE && listeners[entry] != listener) {
      entry = table.next(entry);
    }
    if (entry != EntryTable.NONE) {
      listeners[entry] = null;
      table.remove(entry);
    }
  }

  /// All that listen at one address listen at another from now on, except on ports where somebody
  /// listens there already.
  void move(IpEndpoint before, IpEndpoint now) {
    List<TcpListener> moving = new ArrayList<>();
    for (int e = table.oldest(); e != EntryTable.NONE; e = table.younger(e)) {
      if (at(e).isAt(before.ipv4(), before.high(), before.low())) {
        moving.add(at(e));
      }
    }
    for (TcpListener listener : moving) {
      int port = listener.port();
      if (findExact(now.ipv4(), now.high(), now.low(), port) == EntryTable.NONE) {
        remove(listener);
        listener.moveTo(now.withPort(port));
        add(listener);
      }
    }
  }

  /// The listener that owns a packet: that at its address, else the wildcard listener of its port.
  ///
  /// @param ours the packet is for one of our addresses; only then does a wildcard listener own it
  @Nullable TcpListener find(IpPacket packet, boolean ours) {
    int port = packet.destinationPort();
    int entry = findExact(packet.isIpv4(), packet.destinationHigh(), packet.destinationLow(), port);
    if (entry == EntryTable.NONE && ours) {
      entry = findWildcard(port);
    }
    return entry == EntryTable.NONE ? null : listeners[entry];
  }

  private int findExact(boolean ipv4, long high, long low, int port) {
    int entry = table.first(secrets.tableHash(high, low, port));
    while (entry != EntryTable.NONE
        && !(at(entry).port() == port && at(entry).isAt(ipv4, high, low))) {
      entry = table.next(entry);
    }
    return entry;
  }

  private int findWildcard(int port) {
    int entry = table.first(secrets.tableHash(0, 0, port));
    while (entry != EntryTable.NONE && !(at(entry).port() == port && at(entry).isWildcard())) {
      entry = table.next(entry);
    }
    return entry;
  }

  private int hash(TcpListener listener) {
    IpEndpoint address = listener.address();
    return address == null
        ? secrets.tableHash(0, 0, listener.port())
        : secrets.tableHash(address.high(), address.low(), listener.port());
  }

  private TcpListener at(int entry) {
    return Objects.requireNonNull(listeners[entry]);
  }

  /// All ports that any listener has, whatever its address.
  BitSet ports() {
    BitSet ports = new BitSet();
    for (int e = table.oldest(); e != EntryTable.NONE; e = table.younger(e)) {
      ports.set(at(e).port());
    }
    return ports;
  }

  /// The listener that was added first, null when there is none.
  @Nullable TcpListener oldest() {
    int entry = table.oldest();
    return entry == EntryTable.NONE ? null : at(entry);
  }
}
