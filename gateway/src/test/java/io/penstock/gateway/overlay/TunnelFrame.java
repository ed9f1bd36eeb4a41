package io.penstock.gateway.overlay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.concurrent.TimeUnit;

/// What a simulated link carries in place of QUIC's packets: one datagram of a connection, or one
/// whole message of its control streams.
///
/// ```
///  0      1             9          17
/// ┌──────┬─────────────┬──────────┬──────────┐
/// │ kind │ connection  │ number   │ body …   │
/// └──────┴─────────────┴──────────┴──────────┘
/// ```
///
/// @param connection counts the connections of one node
/// @param number of a request and its answer, the request's place among those of the connection; of
///   a close, its code
/// @param body whoever takes the frame owns it
public record TunnelFrame(Kind kind, long connection, long number, ByteBuf body) {

  /// What a frame is for.
  public enum Kind {
    /// An IP packet.
    PACKET('P'),
    /// Says that packets have come, as QUIC does of its datagrams: so either end hears of the other
    /// while they travel one way only.
    ACKNOWLEDGEMENT('K'),
    /// A control request, repeated until it is answered.
    REQUEST('R'),
    /// The answer, sent again for each repeated request.
    ANSWER('A'),
    /// The end of the connection, with its words.
    CLOSE('C');

    private final char code;

    Kind(char code) {
      this.code = code;
    }

    private static Kind of(int code) {
      for (Kind kind : values()) {
        if (kind.code == code) {
          return kind;
        }
      }
      throw new IllegalArgumentException("no frame begins with " + code);
    }
  }

  /// An end that takes packets says so this often.
  public static final long ACKNOWLEDGE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;
  private static final int HEADER_BYTES = 1 + 2 * Long.BYTES;

  /// Says that packets have come.
  public static TunnelFrame acknowledgement(long connection) {
    return new TunnelFrame(Kind.ACKNOWLEDGEMENT, connection, 0, Unpooled.EMPTY_BUFFER);
  }

  /// Reads a frame, and takes its buffer.
  public static TunnelFrame decode(ByteBuf datagram) {
    Kind kind = Kind.of(datagram.readByte());
    return new TunnelFrame(kind, datagram.readLong(), datagram.readLong(), datagram);
  }

  /// Writes the frame and gives its body back.
  public ByteBuf encode() {
    try {
      return ALLOCATOR
          .buffer(HEADER_BYTES + body.readableBytes())
          .writeByte(kind.code)
          .writeLong(connection)
          .writeLong(number)
          .writeBytes(body);
    } finally {
      body.release();
    }
  }
}
