package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The connections by their next deadlines, the earliest first: a binary heap.
///
/// A deadline that moves away, as the retransmission timer does with every acknowledgment, costs
/// nothing: the connection stays where it is, and when its old time has come it sinks to its new
/// one.
final class DeadlineHeap {

  private @Nullable TcpConnection[] heap = new TcpConnection[16];
  private int size;

  /// Tells that a connection's next deadline may have changed.
  void update(TcpConnection connection) {
    long deadline = connection.timers().earliest();
    if (connection.heapIndex < 0) {
      if (deadline == Deadlines.NONE) {
        return;
      }
      if (size == heap.length) {
        heap = Arrays.copyOf(heap, size * 2);
      }
      connection.heapNanos = deadline;
      place(connection, size++);
      up(connection);
    } else if (deadline != Deadlines.NONE && deadline - connection.heapNanos < 0) {
      connection.heapNanos = deadline;
      up(connection);
    }
  }

  void remove(TcpConnection connection) {
    int index = connection.heapIndex;
    if (index < 0) {
      return;
    }
    connection.heapIndex = -1;
    TcpConnection last = at(--size);
    heap[size] = null;
    if (last != connection) {
      place(last, index);
      up(last);
      down(last);
    }
  }

  /// When somebody may be due; never late, sometimes early.
  long nextNanos() {
    return size == 0 ? Deadlines.NONE : at(0).heapNanos;
  }

  /// The next connection that is really due, null when there is none. It stays in the heap.
  @Nullable TcpConnection due(long nowNanos) {
    while (size > 0) {
      TcpConnection first = at(0);
      if (first.heapNanos - nowNanos > 0) {
        return null;
      }
      long deadline = first.timers().earliest();
      if (Deadlines.isDue(deadline, nowNanos)) {
        return first;
      }
      if (deadline == Deadlines.NONE) {
        remove(first);
      } else {
        first.heapNanos = deadline;
        down(first);
      }
    }
    return null;
  }

  private TcpConnection at(int index) {
    TcpConnection connection = heap[index];
    assert connection != null;
    return connection;
  }

  private void place(TcpConnection connection, int index) {
    heap[index] = connection;
    connection.heapIndex = index;
  }

  private void up(TcpConnection connection) {
    int index = connection.heapIndex;
    while (index > 0) {
      int parent = (index - 1) >>> 1;
      TcpConnection other = at(parent);
      if (other.heapNanos - connection.heapNanos <= 0) {
        break;
      }
      place(other, index);
      index = parent;
    }
    place(connection, index);
  }

  private void down(TcpConnection connection) {
    int index = connection.heapIndex;
    while (true) {
      int child = 2 * index + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && at(child + 1).heapNanos - at(child).heapNanos < 0) {
        child++;
      }
      TcpConnection other = at(child);
      if (connection.heapNanos - other.heapNanos <= 0) {
        break;
      }
      place(other, index);
      index = child;
    }
    place(connection, index);
  }
}
