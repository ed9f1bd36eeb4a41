package io.penstock.protocol.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import java.util.Objects;
import java.util.function.LongSupplier;

/// One connection of a [StackPair] over which bytes are carried for as long as one likes: copied
/// into the stack at one end and out of it at the other.
public final class SteadyStream implements AutoCloseable {

  /// Which ends write.
  public enum Direction {
    TO_SERVER,
    BOTH_WAYS
  }

  private final StackPair pair;
  private final Direction direction;
  private final TcpConnection here;
  private final TcpConnection there;
  private final ByteBuf source;
  private final byte[] sink;

  /// @param turnBytes the most that each end writes in a turn
  public SteadyStream(
      NetStackConfig config,
      int mtuBytes,
      StackPair.Version version,
      Direction direction,
      int turnBytes,
      ByteBufAllocator allocator,
      LongSupplier nanoTime) {
    this.direction = direction;
    pair = new StackPair(config, mtuBytes, version, allocator, nanoTime);
    here = pair.connect();
    here.attach("client");
    pair.exchange();
    there = Objects.requireNonNull(pair.accept(), "the handshake is complete");
    there.attach("server");
    source = allocator.directBuffer(turnBytes).writeZero(turnBytes);
    sink = new byte[turnBytes];
  }

  /// Writes what the connection takes, carries it over and reads it.
  ///
  /// @return how many bytes were read
  public int turn() {
    write(here);
    if (direction == Direction.BOTH_WAYS) {
      write(there);
    }
    int bytes = 0;
    int read;
    do {
      pair.exchange();
      read = read(there) + read(here);
      bytes += read;
    } while (read > 0);
    takeNews();
    pair.tick();
    return bytes;
  }

  private void write(TcpConnection connection) {
    int count = Math.min(connection.writableBytes(), source.readableBytes());
    if (count > 0) {
      connection.write(source.retainedSlice(0, count));
    }
  }

  private int read(TcpConnection connection) {
    int total = 0;
    for (ByteBuf bytes = connection.read(sink.length);
        bytes != null;
        bytes = connection.read(sink.length)) {
      int count = bytes.readableBytes();
      bytes.readBytes(sink, 0, count);
      bytes.release();
      total += count;
    }
    return total;
  }

  private void takeNews() {
    while (pair.client().tcp().pollReady() != null) {
      here.takeReadiness();
    }
    while (pair.server().tcp().pollReady() != null) {
      there.takeReadiness();
    }
  }

  /// What both ends have sent.
  public long segments() {
    return pair.client().tcp().counters().segmentsOut()
        + pair.server().tcp().counters().segmentsOut();
  }

  @Override
  public void close() {
    source.release();
    pair.close();
  }
}
