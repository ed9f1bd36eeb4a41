package io.penstock.protocol.netstack.tcp;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// Whose turn it is: connections with something to send, connections and listeners with news for
/// their owners, writers that wait for memory. Each queue is first in, first out, and nobody stands
/// in one twice.
final class RunQueues {

  private final MemoryBudget budget;
  private final ArrayDeque<TcpConnection> sending = new ArrayDeque<>();
  private final ArrayDeque<TcpConnection> ready = new ArrayDeque<>();
  private final ArrayDeque<TcpListener> acceptable = new ArrayDeque<>();
  private final ArrayDeque<TcpConnection> awaitingMemory = new ArrayDeque<>();

  RunQueues(MemoryBudget budget) {
    this.budget = budget;
  }

  /// The connection may have something to send.
  void wake(TcpConnection connection) {
    if (!connection.queuedToSend && connection.state() != TcpState.CLOSED) {
      connection.queuedToSend = true;
      sending.add(connection);
    }
  }

  /// The next connection that may have something to send, null when there is none.
  @Nullable TcpConnection pollSending() {
    TcpConnection connection = sending.poll();
    if (connection != null) {
      connection.queuedToSend = false;
    }
    return connection;
  }

  /// The connection has news for its owner.
  void ready(TcpConnection connection) {
    if (!connection.queuedReady) {
      connection.queuedReady = true;
      ready.add(connection);
    }
  }

  /// The next connection with news for its owner, null when there is none.
  @Nullable TcpConnection pollReady() {
    if (!awaitingMemory.isEmpty()) {
      tellOfMemory();
    }
    TcpConnection connection = ready.poll();
    if (connection != null) {
      connection.queuedReady = false;
    }
    return connection;
  }

  /// The connection wants to write and the buffers of all are full.
  void awaitMemory(TcpConnection connection) {
    if (!connection.queuedForMemory) {
      connection.queuedForMemory = true;
      awaitingMemory.add(connection);
    }
  }

  /// Lets as many writers go on as there is memory for, those first that have waited longest.
  private void tellOfMemory() {
    long free = budget.freeBytes() / ByteChunks.CHUNK_BYTES;
    for (long told = Math.min(free, awaitingMemory.size()); told > 0; told--) {
      TcpConnection connection = awaitingMemory.remove();
      connection.queuedForMemory = false;
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
}
