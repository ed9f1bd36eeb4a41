package io.penstock.it.overlay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;

/// One long download with a checksum: the server sends bytes that a seed makes and ends its stream,
/// the client adds up what comes.
final class Transfer extends ChannelInboundHandlerAdapter {

  private static final int PIECE_BYTES = 16 * 1024;

  /// Done with the checksum of all that came when the server has ended its stream, and failed when
  /// the connection breaks.
  final CompletableFuture<Long> checksum = new CompletableFuture<>();

  private final CRC32 crc = new CRC32();
  private final AtomicLong bytes = new AtomicLong();

  /// How much has come.
  long bytes() {
    return bytes.get();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    ByteBuf piece = (ByteBuf) msg;
    crc.update(piece.nioBuffer());
    bytes.addAndGet(piece.readableBytes());
    piece.release();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    checksum.completeExceptionally(cause);
    ctx.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    checksum.complete(crc.getValue());
  }

  /// What a client has to come to.
  static long checksumOf(int pieces) {
    CRC32 crc = new CRC32();
    Random random = new Random(1);
    byte[] piece = new byte[PIECE_BYTES];
    for (int i = 0; i < pieces; i++) {
      random.nextBytes(piece);
      crc.update(piece);
    }
    return crc.getValue();
  }

  /// Sends that many pieces of 16 KiB to whoever connects, as fast as they are taken, but the last
  /// one only when it is told to.
  static ChannelHandler server(int pieces, CompletableFuture<?> mayEnd) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel.pipeline().addLast(new Sender(pieces, mayEnd));
      }
    };
  }

  private static final class Sender extends ChannelInboundHandlerAdapter {
    private final Random random = new Random(1);
    private final byte[] piece = new byte[PIECE_BYTES];
    private final CompletableFuture<?> mayEnd;
    private int left;

    Sender(int pieces, CompletableFuture<?> mayEnd) {
      this.left = pieces;
      this.mayEnd = mayEnd;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      send(ctx);
      mayEnd.thenRun(() -> ctx.executor().execute(() -> send(ctx)));
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      send(ctx);
    }

    private void send(ChannelHandlerContext ctx) {
      while (left > (mayEnd.isDone() ? 0 : 1) && ctx.channel().isWritable()) {
        left--;
        random.nextBytes(piece);
        var sent = ctx.writeAndFlush(ctx.alloc().buffer(PIECE_BYTES).writeBytes(piece));
        if (left == 0) {
          sent.addListener(_ -> ctx.close());
        }
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
