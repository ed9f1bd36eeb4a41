package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Puts the control streams of one connection in the order in which the peer opened them.
///
/// Streams come in the order in which their packets do. A stream opens all that have a lower number
/// (RFC 9000, section 3.2), so while one of those has not come, the later ones wait. What waits is
/// not read, so it costs a channel each and no more of them than QUIC lets a peer open.
///
/// Runs on the connection's event loop.
final class RequestQueue {

  /// The distance between two streams that the same end opened for both directions.
  private static final long STEP = 4;

  private final TreeMap<Long, ControlStream> waiting = new TreeMap<>();
  private long currentId = -STEP;
  private long nextId;
  private long highestId = -1;
  private @Nullable ControlStream current;

  void add(ControlStream stream) {
    if (stream.id() < nextId && !(isOpen() && stream.id() == currentId)) {
      stream.drop();
      return;
    }
    highestId = Math.max(highestId, stream.id());
    waiting.put(stream.id(), stream);
  }

  /// Opens the next request, if the peer has opened its stream.
  boolean open() {
    if (isOpen() || nextId > highestId) {
      return false;
    }
    currentId = nextId;
    nextId += STEP;
    return true;
  }

  boolean isOpen() {
    return currentId >= 0;
  }

  /// Begins to read the current request, once its stream has come.
  void startCurrent(ControlStream.Reader reader) {
    ControlStream stream = waiting.remove(currentId);
    if (stream != null) {
      current = stream;
      stream.start(reader);
    }
  }

  /// Writes the answer to the current request.
  ChannelFuture answer(ByteBuf bytes) {
    ControlStream stream = current;
    if (stream == null) {
      bytes.release();
      throw new IllegalStateException("no request");
    }
    return stream.writeLast(bytes);
  }

  /// The current request is done with.
  void answered() {
    if (current != null) {
      current.discard();
    }
    close();
  }

  /// The current request is given up.
  void drop() {
    if (current != null) {
      current.drop();
    }
    close();
  }

  private void close() {
    current = null;
    currentId = -STEP;
  }
}
