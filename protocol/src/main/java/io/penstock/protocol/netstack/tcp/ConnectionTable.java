package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The connections by their flows: open addressing with linear probing, at most half full.
final class ConnectionTable {

  private static final int FIRST_SLOTS = 16;

  private final TcpSecrets secrets;
  private @Nullable TcpConnection[] slots = new TcpConnection[FIRST_SLOTS];
  private int size;

  ConnectionTable(TcpSecrets secrets) {
    this.secrets = secrets;
  }

  int size() {
    return size;
  }

  @Nullable TcpConnection find(IpPacket packet) {
    int mask = slots.length - 1;
    for (int i = secrets.tableHash(packet) & mask; ; i = (i + 1) & mask) {
      TcpConnection connection = slots[i];
      if (connection == null || connection.flow().matches(packet)) {
        return connection;
      }
    }
  }

  @Nullable TcpConnection find(Flow flow) {
    return slots[indexOf(flow)];
  }

  private int indexOf(Flow flow) {
    int mask = slots.length - 1;
    for (int i = secrets.tableHash(flow) & mask; ; i = (i + 1) & mask) {
      TcpConnection connection = slots[i];
      if (connection == null || connection.flow().equals(flow)) {
        return i;
      }
    }
  }

  void add(TcpConnection connection) {
    if (2 * (size + 1) > slots.length) {
      resize(slots.length * 2);
    }
    int index = indexOf(connection.flow());
    assert slots[index] == null;
    slots[index] = connection;
    size++;
  }

  private void resize(int length) {
    @Nullable TcpConnection[] old = slots;
    slots = new TcpConnection[length];
    for (TcpConnection connection : old) {
      if (connection != null) {
        slots[indexOf(connection.flow())] = connection;
      }
    }
  }

  void remove(TcpConnection connection) {
    int index = indexOf(connection.flow());
    if (slots[index] != connection) {
      return;
    }
    slots[index] = null;
    size--;
    closeGap(index);
    if (slots.length > 1024 && 8 * size < slots.length) {
      resize(slots.length / 2);
    }
  }

  /// Moves those that were pushed past the gap back to it.
  private void closeGap(int gap) {
    int mask = slots.length - 1;
    int free = gap;
    for (int i = (gap + 1) & mask; ; i = (i + 1) & mask) {
      TcpConnection connection = slots[i];
      if (connection == null) {
        return;
      }
      int home = secrets.tableHash(connection.flow()) & mask;
      if (((i - home) & mask) >= ((i - free) & mask)) {
        slots[free] = connection;
        slots[i] = null;
        free = i;
      }
    }
  }

  void forEach(Consumer<TcpConnection> action) {
    for (TcpConnection connection : slots.clone()) {
      if (connection != null) {
        action.accept(connection);
      }
    }
  }
}
