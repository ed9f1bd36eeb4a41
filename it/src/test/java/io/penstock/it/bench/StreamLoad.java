package io.penstock.it.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DuplexChannel;
import io.penstock.it.bench.StreamServer.Wish;
import io.penstock.transport.netstack.NetstackChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// What a visitor measures on one connection at a time to a [StreamServer]. Blocks its callers; the
/// connections are on one event loop.
final class StreamLoad {

  static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(256 * 1024, 1024 * 1024);

  private static final long LIMIT_SECONDS = 60;
  private static final int PING_BYTES = 64;
  private static final double NANOS_PER_SECOND = 1e9;

  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final InetSocketAddress server;

  /// @param bootstrap makes channels on the loop
  StreamLoad(EventLoop loop, Bootstrap bootstrap, InetSocketAddress server) {
    this.loop = loop;
    this.bootstrap = bootstrap.clone().option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
    this.server = server;
  }

  /// Opens and closes connections one after another: how long until each is there.
  Map<String, ?> connect(int count) throws Exception {
    Opening opening = new Opening(count);
    loop.execute(opening::next);
    return opening.result.get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  /// Sends 64 bytes again and again, each time when the ones before have come back.
  Map<String, ?> ping(double seconds) throws Exception {
    return measure(new Ping(nanos(seconds)), seconds);
  }

  /// Takes what the server sends.
  Map<String, ?> down(double seconds) throws Exception {
    return measure(new Down(nanos(seconds)), seconds);
  }

  /// Sends until the time is over; what the server has counted until it has seen the end counts.
  Map<String, ?> up(double seconds) throws Exception {
    return measure(new Up(nanos(seconds)), seconds);
  }

  private static long nanos(double seconds) {
    return (long) (seconds * NANOS_PER_SECOND);
  }

  private Map<String, ?> measure(Run run, double seconds) throws Exception {
    Channel channel = bootstrap.clone().handler(run).connect(server).sync().channel();
    try {
      return run.result.get((long) seconds + LIMIT_SECONDS, TimeUnit.SECONDS);
    } finally {
      channel.close().sync();
    }
  }

  /// The payload of a full segment as our stack sends it; 0 for the kernel's, which is not asked.
  private static int segmentBytes(Channel channel) {
    return channel instanceof NetstackChannel ours ? ours.snapshot().orElseThrow().mssBytes() : 0;
  }

  private static Map<String, ?> times(Latencies latencies) {
    return Map.of("p50_us", latencies.micros(50), "p99_us", latencies.micros(99));
  }

  // ---- connections one after another ----

  private final class Opening {

    final CompletableFuture<Map<String, ?>> result = new CompletableFuture<>();
    private final Latencies latencies = new Latencies();
    private final Bootstrap idle = bootstrap.clone().handler(new Idle());
    private final int count;

    Opening(int count) {
      this.count = count;
    }

    void next() {
      if (latencies.count() == count) {
        result.complete(times(latencies));
        return;
      }
      long began = System.nanoTime();
      ChannelFuture attempt = idle.connect(server);
      attempt.addListener(
          _ -> {
            if (attempt.isSuccess()) {
              latencies.add(System.nanoTime() - began);
              attempt.channel().close().addListener(_ -> next());
            } else {
              result.completeExceptionally(attempt.cause());
            }
          });
    }
  }

  private static final class Idle extends ChannelInboundHandlerAdapter {

    @Override
    public boolean isSharable() {
      return true;
    }
  }

  // ---- one connection ----

  /// What is done on one connection.
  private abstract static class Run extends ChannelInboundHandlerAdapter {

    final CompletableFuture<Map<String, ?>> result = new CompletableFuture<>();
    private final long limitNanos;
    private long beganNanos;

    Run(long limitNanos) {
      this.limitNanos = limitNanos;
    }

    final void begin() {
      beganNanos = System.nanoTime();
    }

    final long elapsedNanos() {
      return System.nanoTime() - beganNanos;
    }

    final boolean isOver() {
      return elapsedNanos() >= limitNanos;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      result.completeExceptionally(cause);
      ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      result.completeExceptionally(new IOException("the connection ended early"));
    }
  }

  private static final class Ping extends Run {

    private final Latencies latencies = new Latencies();
    private int missing;
    private long sentNanos;

    Ping(long limitNanos) {
      super(limitNanos);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.write(Wish.ECHO.message(), ctx.voidPromise());
      begin();
      send(ctx);
    }

    private void send(ChannelHandlerContext ctx) {
      missing = PING_BYTES;
      sentNanos = System.nanoTime();
      ctx.writeAndFlush(ctx.alloc().directBuffer().writeZero(PING_BYTES), ctx.voidPromise());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      missing -= bytes.readableBytes();
      bytes.release();
      if (missing > 0) {
        return;
      }
      latencies.add(System.nanoTime() - sentNanos);
      if (isOver()) {
        result.complete(times(latencies));
      } else {
        send(ctx);
      }
    }
  }

  private static final class Down extends Run {

    private long received;

    Down(long limitNanos) {
      super(limitNanos);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      begin();
      ctx.writeAndFlush(Wish.SEND.message(), ctx.voidPromise());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      received += bytes.readableBytes();
      bytes.release();
      if (isOver()) {
        result.complete(Map.of("bytes", received, "seconds", elapsedNanos() / NANOS_PER_SECOND));
      }
    }
  }

  private static final class Up extends Run {

    private enum Stage {
      SENDING,
      ENDED
    }

    private final ByteBuf answer = Unpooled.buffer(Long.BYTES);
    private Stage stage = Stage.SENDING;

    Up(long limitNanos) {
      super(limitNanos);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      begin();
      ctx.write(Wish.COUNT.message(), ctx.voidPromise());
      StreamServer.fill(ctx.channel());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (stage == Stage.ENDED || !ctx.channel().isWritable()) {
        return;
      }
      if (isOver()) {
        stage = Stage.ENDED;
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
            .addListener(_ -> ((DuplexChannel) ctx.channel()).shutdownOutput());
      } else {
        StreamServer.fill(ctx.channel());
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      answer.writeBytes(bytes);
      bytes.release();
      if (answer.readableBytes() == Long.BYTES) {
        result.complete(
            Map.of(
                "bytes", answer.readLong(),
                "seconds", elapsedNanos() / NANOS_PER_SECOND,
                "segment_bytes", segmentBytes(ctx.channel())));
      }
    }
  }
}
