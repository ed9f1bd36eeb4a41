package io.penstock.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The other end of [StreamLoad]: does what the first byte of its connection says.
///
/// Its channel is to allow half-closure.
final class StreamServer extends ChannelInboundHandlerAdapter {

  /// What a visitor wants, and the first byte that says so.
  enum Wish {
    /// Counts what comes, and says in eight bytes how many came once the visitor has ended.
    COUNT('c'),
    /// Sends zeros for as long as the visitor takes them.
    SEND('s'),
    /// Sends back what comes.
    ECHO('e');

    private final char code;

    Wish(char code) {
      this.code = code;
    }

    static Wish of(byte code) {
      return Arrays.stream(values()).filter(each -> each.code == code).findFirst().orElseThrow();
    }

    ByteBuf message() {
      return Unpooled.buffer(1).writeByte(code);
    }
  }

  private static final int CHUNK_BYTES = 64 * 1024;

  private static final ByteBuf CHUNK =
      Unpooled.unreleasableBuffer(Unpooled.directBuffer(CHUNK_BYTES).writeZero(CHUNK_BYTES));

  private @Nullable Wish wish;
  private long received;

  /// Writes zeros for as long as the channel takes them.
  static void fill(Channel channel) {
    while (channel.isWritable()) {
      channel.write(CHUNK.duplicate(), channel.voidPromise());
    }
    channel.flush();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    Wish known = wish;
    if (known == null) {
      known = Wish.of(bytes.readByte());
      wish = known;
    }
    switch (known) {
      case COUNT -> {
        received += bytes.readableBytes();
        bytes.release();
      }
      case SEND -> {
        bytes.release();
        fill(ctx.channel());
      }
      case ECHO -> ctx.writeAndFlush(bytes, ctx.voidPromise());
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (wish == Wish.SEND) {
      fill(ctx.channel());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      if (wish == Wish.COUNT) {
        ctx.writeAndFlush(Unpooled.buffer(Long.BYTES).writeLong(received))
            .addListener(_ -> ctx.close());
      } else {
        ctx.close();
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
