package io.penstock.it.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// One end of a connection that carries bytes both ways at once: it sends what a seed makes, ends
/// its half, and adds up what comes until the other half has ended.
final class Exchange extends ChannelInboundHandlerAdapter {

  private static final int PIECE_BYTES = 4096;

  /// Bytes that a seed makes.
  record Content(long seed, long bytes) {

    long checksum() {
      CRC32 crc = new CRC32();
      Source source = new Source(this);
      while (source.left > 0) {
        crc.update(source.next());
      }
      return crc.getValue();
    }
  }

  private static final class Source {
    private final SplittableRandom random;
    private long left;

    Source(Content content) {
      random = new SplittableRandom(content.seed);
      left = content.bytes;
    }

    byte[] next() {
      byte[] piece = new byte[(int) Math.min(PIECE_BYTES, left)];
      random.nextBytes(piece);
      left -= piece.length;
      return piece;
    }
  }

  private final Source source;
  private final Content expected;
  private final CRC32 crc = new CRC32();
  private long received;
  private boolean ownHalfEnded;
  private boolean otherHalfEnded;
  private boolean over;
  private @Nullable Throwable failure;

  Exchange(Content sent, Content expected) {
    this.source = new Source(sent);
    this.expected = expected;
  }

  /// Whether the connection has ended, one way or the other.
  boolean isOver() {
    return over;
  }

  /// Whether everything came, and all that was to be sent was taken by the stack.
  boolean isWhole() {
    return ownHalfEnded
        && otherHalfEnded
        && failure == null
        && received == expected.bytes
        && crc.getValue() == expected.checksum();
  }

  /// What broke the connection.
  Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  long received() {
    return received;
  }

  /// For a message of a test that fails.
  @Override
  public String toString() {
    return "%d of %d bytes have come, %d are to be sent, failure %s"
        .formatted(received, expected.bytes, source.left, failure);
  }

  /// The connection never came to be.
  void failed(Throwable cause) {
    failure = cause;
    over = true;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    if (ctx.channel().isActive()) {
      send(ctx);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    send(ctx);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    send(ctx);
  }

  private void send(ChannelHandlerContext ctx) {
    while (source.left > 0 && ctx.channel().isWritable()) {
      byte[] piece = source.next();
      ctx.writeAndFlush(ctx.alloc().buffer(piece.length).writeBytes(piece));
    }
    if (source.left == 0 && !ownHalfEnded) {
      ownHalfEnded = true;
      ((DuplexChannel) ctx.channel()).shutdownOutput().addListener(_ -> closeWhenDone(ctx));
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    ByteBuf bytes = (ByteBuf) msg;
    received += bytes.readableBytes();
    crc.update(bytes.nioBuffer());
    bytes.release();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      otherHalfEnded = true;
      closeWhenDone(ctx);
    }
  }

  private void closeWhenDone(ChannelHandlerContext ctx) {
    if (otherHalfEnded && ((DuplexChannel) ctx.channel()).isOutputShutdown()) {
      ctx.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    over = true;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    failure = cause;
    ctx.close();
  }
}
