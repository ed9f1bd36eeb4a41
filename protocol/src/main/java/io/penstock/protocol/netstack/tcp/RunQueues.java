package io.penstock.protocol.netstack.tcp;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// Whose turn it is: connections with something to send, connections and listeners with news for
/// their owners, writers that wait for memory. Each queue is first in, first out, and nobody stands
/// in one twice.
final class RunQueues {

  // in which queues a connection stands
  private static final int SENDING = 1;
  private static final int READY = 2;
  private static final int AWAITING_MEMORY = 4;

  private final ChunkPool chunks;
  private final ArrayDeque<TcpConnection> sending = new ArrayDeque<>();
  private final ArrayDeque<TcpConnection> ready = new ArrayDeque<>();
  private final ArrayDeque<TcpListener> acceptable = new ArrayDeque<>();
  private final ArrayDeque<TcpConnection> awaitingMemory = new ArrayDeque<>();

  RunQueues(ChunkPool chunks) {
    this.chunks = chunks;
  }

  /// The connection may have something to send.
  void wake(TcpConnection connection) {
    if (connection.state() != TcpState.CLOSED) {
      stand(connection, SENDING, sending);
    }
  }

  /// The next connection that may have something to send, null when there is none. One that ended
  /// while it stood here sends nothing any more.
  @Nullable TcpConnection pollSending() {
    TcpConnection next = leave(sending.poll(), SENDING);
    while (next != null && next.state() == TcpState.CLOSED) {
      next = leave(sending.poll(), SENDING);
    }
    return next;
  }

  /// The connection has news for its owner.
  void ready(TcpConnection connection) {
    stand(connection, READY, ready);
  }

  /// The next connection with news for its owner, null when there is none.
  @Nullable TcpConnection pollReady() {
    if (!awaitingMemory.isEmpty()) {
      tellOfMemory();
    }
    return leave(ready.poll(), READY);
  }

  /// The connection wants to write and the buffers of all are full.
  void awaitMemory(TcpConnection connection) {
    stand(connection, AWAITING_MEMORY, awaitingMemory);
  }

  /// Lets as many writers go on as there is memory for, those first that have waited longest.
  private void tellOfMemory() {
    long free = chunks.freeBytes() / ChunkPool.CHUNK_BYTES;
    for (long told = Math.min(free, awaitingMemory.size()); told > 0; told--) {
      TcpConnection connection = awaitingMemory.remove();
      leave(connection, AWAITING_MEMORY);
      connection.tellWritable();
    }
  }

  /// The listener has a connection to accept.
  void acceptable(TcpListener listener) {
    if (!listener.queuedReady) {
      listener.queuedReady = true;
      acceptable.add(listener);
    }
  }

  /// The next listener with connections to accept, null when there is none.
  @Nullable TcpListener pollAcceptable() {
    TcpListener listener = acceptable.poll();
    if (listener != null) {
      listener.queuedReady = false;
    }
    return listener;
  }

  /// Nobody sends or writes any more.
  void close() {
    sending.clear();
    awaitingMemory.clear();
  }

  private static void stand(TcpConnection connection, int in, ArrayDeque<TcpConnection> queue) {
    if ((connection.queues & in) == 0) {
      connection.queues |= (byte) in;
      queue.add(connection);
    }
  }

  private static @Nullable TcpConnection leave(@Nullable TcpConnection connection, int from) {
    if (connection != null) {
      connection.queues &= (byte) ~from;
    }
    return connection;
  }
}
