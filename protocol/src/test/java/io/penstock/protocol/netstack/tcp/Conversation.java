package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;

/// Sends a number of bytes that follow from a seed, ends its stream, and checks those of the other
/// side.
final class Conversation {

  private static final int WRITE_BYTES = 4_096;

  private final TcpConnection connection;
  private final ByteBufAllocator allocator;
  private final long sendSeed;
  private final long receiveSeed;
  private final long toSend;
  private final long toReceive;
  private final byte[] actual = new byte[ChunkPool.CHUNK_BYTES];
  private final byte[] expected = new byte[ChunkPool.CHUNK_BYTES];
  private long sent;
  private long received;
  private boolean peerFinished;
  private boolean readable = true;
  private boolean closed;
  private boolean wrong;

  Conversation(
      TcpConnection connection,
      ByteBufAllocator allocator,
      long sendSeed,
      long toSend,
      long receiveSeed,
      long toReceive) {
    this.connection = connection;
    this.allocator = allocator;
    this.sendSeed = sendSeed;
    this.receiveSeed = receiveSeed;
    this.toSend = toSend;
    this.toReceive = toReceive;
  }

  TcpConnection connection() {
    return connection;
  }

  void on(int news) {
    if ((news & TcpConnection.PEER_FINISHED) != 0) {
      peerFinished = true;
    }
    if ((news & TcpConnection.CLOSED) != 0) {
      closed = true;
    }
    read();
    write();
    if (isComplete() && !closed) {
      connection.close();
    }
  }

  /// Lets received bytes lie, or takes them again.
  void setReadable(boolean value) {
    readable = value;
    on(0);
  }

  private void read() {
    while (readable) {
      ByteBuf bytes = connection.read(65_536);
      if (bytes == null) {
        return;
      }
      int count = bytes.readableBytes();
      bytes.readBytes(actual, 0, count);
      bytes.release();
      fill(expected, receiveSeed, received, count);
      wrong |= !Arrays.equals(actual, 0, count, expected, 0, count);
      received += count;
    }
  }

  private void write() {
    while (sent < toSend) {
      int count = (int) Math.min(Math.min(toSend - sent, WRITE_BYTES), connection.writableBytes());
      if (count == 0) {
        return;
      }
      fill(expected, sendSeed, sent, count);
      sent += count;
      connection.write(allocator.directBuffer(count, count).writeBytes(expected, 0, count));
      if (sent == toSend) {
        connection.finish();
      }
    }
  }

  private static void fill(byte[] into, long seed, long from, int count) {
    for (int i = 0; i < count; i++) {
      long mixed = (from + i) * 0x9e37_79b9_7f4a_7c15L + seed;
      into[i] = (byte) ((mixed ^ mixed >>> 29) >>> 7);
    }
  }

  /// Whether all was received and the peer's end, and all of ours has been written.
  boolean isComplete() {
    return sent == toSend && received == toReceive && peerFinished;
  }

  /// Whether nothing that has come waits to be read.
  boolean isRead() {
    return connection.readableBytes() == 0;
  }

  boolean isClosed() {
    return closed;
  }

  boolean isIntact() {
    return !wrong && received <= toReceive;
  }

  long received() {
    return received;
  }

  @Override
  public String toString() {
    return "sent "
        + sent
        + " of "
        + toSend
        + ", received "
        + received
        + " of "
        + toReceive
        + ", "
        + connection.closeReason()
        + ", "
        + connection.snapshot();
  }
}
