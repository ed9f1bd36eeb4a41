package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.codervpn.message.RPC;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a [Speaker] sends: it makes frames of messages, holds them in order until they are handed
/// out, and watches whether the peer takes them.
final class Sender<S extends Message> {

  private final Dialect<S> dialect;
  private final SpeakerConfig config;
  private final ByteBufAllocator allocator;
  private final Outbox outbox;

  /// Agreed in the headers; before that the least that there is.
  private ProtocolVersion version = ProtocolVersion.V1_0;

  /// When a peer that takes nothing is given up.
  private long stallDeadlineNanos = Deadlines.NONE;

  Sender(Dialect<S> dialect, SpeakerConfig config, ByteBufAllocator allocator) {
    this.dialect = dialect;
    this.config = config;
    this.allocator = allocator;
    this.outbox = new Outbox(config.maxOutputBytes());
  }

  void agreedOn(ProtocolVersion agreed) {
    version = agreed;
  }

  /// Why the peer does not know this message, if it does not.
  Optional<CallFault> refusal(S message) {
    ProtocolVersion needed = dialect.since(message);
    return version.includes(needed)
        ? Optional.empty()
        : Optional.of(new CallFault.Unsupported(needed, version));
  }

  /// Sends a request or a notice.
  ///
  /// @return whether there was room for it
  /// @throws IllegalArgumentException when it is larger than a frame may be
  boolean sendIfRoom(S message, long nowNanos) {
    ByteBuf frame = frame(message);
    boolean room = outbox.hasRoomFor(frame.readableBytes());
    if (room) {
      send(frame, nowNanos);
    } else {
      frame.release();
    }
    return room;
  }

  /// Sends a reply, whatever waits.
  ///
  /// @param id of the request
  /// @throws IllegalArgumentException when it is larger than a frame may be
  void reply(long id, S reply, long nowNanos) {
    send(frame(dialect.withRpc(reply, RPC.newBuilder().setResponseTo(id).build())), nowNanos);
  }

  /// Replies with nothing but the id of the request.
  void replyNothing(long id, long nowNanos) {
    reply(id, dialect.empty(), nowNanos);
  }

  /// Sends bytes, whatever waits, and takes the buffer.
  void send(ByteBuf bytes, long nowNanos) {
    boolean first = outbox.isEmpty();
    outbox.add(bytes);
    if (first && !outbox.isEmpty()) {
      stallDeadlineNanos = Deadlines.after(nowNanos, config.stallTimeoutNanos());
    }
  }

  private ByteBuf frame(S message) {
    return FrameWriter.frame(dialect.fitted(message, version), config.maxFrameBytes(), allocator);
  }

  /// Whether less waits than may, so that a reply may be added.
  boolean hasRoom() {
    return outbox.hasRoom();
  }

  /// Returns the next buffer to be handed out, which the caller owns, or null.
  @Nullable ByteBuf poll(long nowNanos) {
    ByteBuf next = outbox.poll();
    if (next != null) {
      stallDeadlineNanos =
          outbox.isEmpty() ? Deadlines.NONE : Deadlines.after(nowNanos, config.stallTimeoutNanos());
    }
    return next;
  }

  long nextDeadlineNanos() {
    return stallDeadlineNanos;
  }

  /// Whether the peer has taken nothing for too long.
  boolean isStalled(long nowNanos) {
    return Deadlines.isDue(stallDeadlineNanos, nowNanos);
  }

  /// Whether the peer takes nothing more.
  boolean isBroken() {
    return outbox.isBroken();
  }

  /// Drops all, and from now on everything that is sent.
  void breakOff() {
    outbox.breakOff();
    stallDeadlineNanos = Deadlines.NONE;
  }

  /// Drops all.
  void release() {
    outbox.release();
    stallDeadlineNanos = Deadlines.NONE;
  }

  /// How many buffers were ever sent.
  long offered() {
    return outbox.added();
  }

  /// How many buffers were ever handed out.
  long handedOut() {
    return outbox.taken();
  }
}
