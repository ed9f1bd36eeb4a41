package io.penstock.transport.netstack.socket;

import io.penstock.protocol.Bounds;

/// What sockets over a stack may hold, and how long they may wait where `java.net` has no limit of
/// its own.
///
/// Besides what the stack holds for it, a connection holds at most `receiveBufferBytes` and one
/// answer of the stack (64 KiB) on the way to its reader, and `sendBufferBytes` on the way from its
/// writer; nothing while it is idle. The two are what `SO_RCVBUF` and `SO_SNDBUF` change, between
/// [#MIN_BUFFER_BYTES] and [#MAX_BUFFER_BYTES].
///
/// @param receiveBufferBytes how much is taken out of the stack ahead of the reader
/// @param sendBufferBytes how much is taken from the writer ahead of the stack
/// @param closeMillis how long everything that was written may take to enter the stack after
///   `close`, before the connection is reset
/// @param sendMillis how long a datagram may wait for a link that takes no packets
public record SocketLimits(
    int receiveBufferBytes, int sendBufferBytes, int closeMillis, int sendMillis) {

  /// A batch of the stack while the reader copies another.
  public static final int DEFAULT_RECEIVE_BUFFER_BYTES = 64 * 1024;

  /// A thread that writes is woken for half of it, and copies that while the stack takes the rest.
  public static final int DEFAULT_SEND_BUFFER_BYTES = 256 * 1024;

  /// As long as the stack waits for the end of a peer that was closed.
  public static final int DEFAULT_CLOSE_MILLIS = 60_000;

  /// Longer than a tunnel takes to reconnect, as a rule.
  public static final int DEFAULT_SEND_MILLIS = 10_000;

  /// Less is rather a way to be slow.
  public static final int MIN_BUFFER_BYTES = 4 * 1024;

  /// What Linux gives without being told more.
  public static final int MAX_BUFFER_BYTES = 4 * 1024 * 1024;

  private static final int MAX_MILLIS = 3_600_000;

  public SocketLimits {
    Bounds.requireBetween(
        "socket.receive_buffer_bytes", receiveBufferBytes, MIN_BUFFER_BYTES, MAX_BUFFER_BYTES);
    Bounds.requireBetween(
        "socket.send_buffer_bytes", sendBufferBytes, MIN_BUFFER_BYTES, MAX_BUFFER_BYTES);
    Bounds.requireBetween("socket.close_millis", closeMillis, 1, MAX_MILLIS);
    Bounds.requireBetween("socket.send_millis", sendMillis, 1, MAX_MILLIS);
  }

  public static SocketLimits defaults() {
    return new SocketLimits(
        DEFAULT_RECEIVE_BUFFER_BYTES,
        DEFAULT_SEND_BUFFER_BYTES,
        DEFAULT_CLOSE_MILLIS,
        DEFAULT_SEND_MILLIS);
  }

  public SocketLimits withReceiveBufferBytes(int value) {
    return new SocketLimits(value, sendBufferBytes, closeMillis, sendMillis);
  }

  public SocketLimits withSendBufferBytes(int value) {
    return new SocketLimits(receiveBufferBytes, value, closeMillis, sendMillis);
  }

  public SocketLimits withCloseMillis(int value) {
    return new SocketLimits(receiveBufferBytes, sendBufferBytes, value, sendMillis);
  }

  public SocketLimits withSendMillis(int value) {
    return new SocketLimits(receiveBufferBytes, sendBufferBytes, closeMillis, value);
  }

  /// The size of a buffer that comes nearest to what an application asks for.
  static int bufferBytes(int wanted) {
    return Math.clamp(wanted, MIN_BUFFER_BYTES, MAX_BUFFER_BYTES);
  }
}
