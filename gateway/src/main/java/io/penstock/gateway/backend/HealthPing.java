package io.penstock.gateway.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.transport.EngineLoop;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// One ping on a stream of its own: `GET /health` for the host `backend`.
///
/// Any status line is an answer. The limit closes this stream and touches nothing else.
final class HealthPing extends ChannelInboundHandlerAdapter {

  private static final byte[] REQUEST =
      "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: penstock-gateway\r\n\r\n"
          .formatted(TunnelNames.PING_PATH, TunnelNames.PING_HOST)
          .getBytes(StandardCharsets.US_ASCII);

  private static final byte[] STATUS_LINE = "HTTP/1.".getBytes(StandardCharsets.US_ASCII);

  private final Duration limit;
  private final LongConsumer answered;
  private final long startedNanos = EngineLoop.nowNanos();
  private int matched;
  private @Nullable ScheduledFuture<?> expiry;

  /// @param answered is told the round-trip time in nanoseconds, at most once
  HealthPing(Duration limit, LongConsumer answered) {
    this.limit = limit;
    this.answered = answered;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    expiry = ctx.executor().schedule(() -> ctx.close(), limit.toNanos(), TimeUnit.NANOSECONDS);
    ctx.writeAndFlush(Unpooled.wrappedBuffer(REQUEST));
    ctx.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    ByteBuf bytes = (ByteBuf) msg;
    try {
      while (matched < STATUS_LINE.length && bytes.isReadable()) {
        if (bytes.readByte() != STATUS_LINE[matched]) {
          ctx.close();
          return;
        }
        matched++;
        if (matched == STATUS_LINE.length) {
          answered.accept(EngineLoop.nowNanos() - startedNanos);
          ctx.close();
        }
      }
    } finally {
      bytes.release();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (expiry != null) {
      expiry.cancel(false);
    }
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
