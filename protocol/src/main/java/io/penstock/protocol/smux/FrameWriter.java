package io.penstock.protocol.smux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// Decides which frame is sent next, and hands frames out as buffers.
///
/// Frames without payload and window updates go first, so that a stream's SYN precedes its bytes
/// and no update waits behind data; then the streams that have something to send take turns, one
/// frame each. Small frames are packed together into one buffer; a large payload follows its header
/// as the slices that its writer handed in.
///
/// A frame is taken off its stream as a whole when its header is made: whatever becomes of the
/// stream, a frame that was begun is completed.
final class FrameWriter {

  /// Payloads up to this are copied next to their header: cheaper than a slice for each.
  private static final int PACKED_PAYLOAD_BYTES = 2048;

  private static final int SLAB_BYTES = 16 * 1024;

  /// No frame that is packed needs more.
  private static final int SLAB_MARGIN_BYTES = SmuxFrame.HEADER_BYTES + PACKED_PAYLOAD_BYTES;

  private final SmuxConfig config;
  private final ByteBufAllocator allocator;
  private final ArrayDeque<ByteBuf> pieces = new ArrayDeque<>();
  private final ArrayDeque<SmuxStream> control = new ArrayDeque<>();
  private final ArrayDeque<SmuxStream> data = new ArrayDeque<>();
  private final ArrayDeque<Integer> refusals = new ArrayDeque<>(1);
  private boolean nopDue;
  private @Nullable ByteBuf slab;

  FrameWriter(SmuxConfig config, ByteBufAllocator allocator) {
    this.config = config;
    this.allocator = allocator;
  }

  /// Lets a stream send its SYN or a window update.
  void offerControl(SmuxStream stream) {
    if (stream.enlist(SmuxStream.IN_CONTROL)) {
      control.add(stream);
    }
  }

  /// Lets a stream send bytes or its FIN.
  void offerData(SmuxStream stream) {
    if (stream.enlist(SmuxStream.IN_DATA)) {
      data.add(stream);
    }
  }

  void offerNop() {
    nopDue = true;
  }

  /// Answers a SYN with FIN; false when too many such answers wait already.
  boolean offerRefusal(int streamId) {
    if (refusals.size() >= config.acceptBacklogStreams()) {
      return false;
    }
    refusals.add(streamId);
    return true;
  }

  /// Returns the next buffer of the output, which the caller owns; null when there is none.
  @Nullable ByteBuf next() {
    ByteBuf piece = pieces.poll();
    if (piece == null) {
      pack();
      piece = pieces.poll();
      if (piece == null) {
        releaseSlab();
      }
    }
    return piece;
  }

  /// Drops everything that waits to be sent.
  void releaseAll() {
    for (ByteBuf piece = pieces.poll(); piece != null; piece = pieces.poll()) {
      piece.release();
    }
    control.clear();
    data.clear();
    refusals.clear();
    releaseSlab();
  }

  private void releaseSlab() {
    if (slab != null) {
      slab.release();
      slab = null;
    }
  }

  /// Adds the next buffers to `pieces`: packed small frames, then at most one large payload.
  private void pack() {
    if (!hasWork()) {
      return;
    }
    ByteBuf out = slabWithRoom();
    int start = out.writerIndex();
    SmuxStream large = null;
    int largeBytes = 0;
    while (large == null && out.writableBytes() >= SLAB_MARGIN_BYTES) {
      if (packControl(out)) {
        continue;
      }
      SmuxStream stream = data.poll();
      if (stream == null) {
        break;
      }
      stream.delist(SmuxStream.IN_DATA);
      int length = stream.sendableBytes();
      if (length == 0) {
        packFin(out, stream);
      } else {
        header(out, SmuxFrame.PSH, length, stream.id());
        if (length <= PACKED_PAYLOAD_BYTES) {
          stream.sendInto(out, length);
          offerData(stream);
        } else {
          large = stream;
          largeBytes = length;
        }
      }
    }
    if (out.writerIndex() > start) {
      pieces.add(out.retainedSlice(start, out.writerIndex() - start));
    }
    if (large != null) {
      large.sendAsPieces(pieces, largeBytes);
      offerData(large);
    }
  }

  private boolean hasWork() {
    return nopDue || !refusals.isEmpty() || !control.isEmpty() || !data.isEmpty();
  }

  /// Writes one frame that goes before data; false when there is none.
  private boolean packControl(ByteBuf out) {
    if (nopDue) {
      nopDue = false;
      header(out, SmuxFrame.NOP, 0, 0);
      return true;
    }
    Integer refused = refusals.poll();
    if (refused != null) {
      header(out, SmuxFrame.FIN, 0, refused);
      return true;
    }
    SmuxStream stream = control.poll();
    if (stream == null) {
      return false;
    }
    stream.delist(SmuxStream.IN_CONTROL);
    if (stream.takeSynDue()) {
      header(out, SmuxFrame.SYN, 0, stream.id());
    }
    if (stream.isUpdateDue()) {
      header(out, SmuxFrame.UPD, SmuxFrame.UPDATE_PAYLOAD_BYTES, stream.id());
      stream.writeUpdate(out);
    }
    return true;
  }

  private void packFin(ByteBuf out, SmuxStream stream) {
    if (stream.isFinDue()) {
      header(out, SmuxFrame.FIN, 0, stream.id());
      stream.onFinSent();
    }
  }

  private void header(ByteBuf out, int command, int length, int streamId) {
    SmuxFrame.writeHeader(out, config.version(), command, length, streamId);
  }

  private ByteBuf slabWithRoom() {
    ByteBuf current = slab;
    if (current == null || current.writableBytes() < SLAB_MARGIN_BYTES) {
      releaseSlab();
      current = allocator.ioBuffer(SLAB_BYTES, SLAB_BYTES);
      slab = current;
    }
    return current;
  }
}
