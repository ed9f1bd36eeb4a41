package io.penstock.node.stack;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.penstock.api.IpAddress;
import io.penstock.node.peer.Joining;
import io.penstock.node.peer.OverlayNames;
import io.penstock.node.proxy.OverlayDialer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/// Dials hosts of the overlay for those who use channels: looks the name up on a thread that may
/// block, and connects on the event loop. Any thread may call this.
public final class ChannelDialer implements OverlayDialer {

  private final NodeStack stack;
  private final OverlayNames names;
  private final Joining joining;
  private final Executor blocking;
  private final Duration limit;

  /// @param joining for the limit at most
  /// @param limit of a dial in all
  public ChannelDialer(
      NodeStack stack, OverlayNames names, Joining joining, Executor blocking, Duration limit) {
    this.stack = stack;
    this.names = names;
    this.joining = joining;
    this.blocking = blocking;
    this.limit = limit;
  }

  @Override
  public CompletionStage<Channel> dial(String host, int port, ChannelHandler handler) {
    CompletableFuture<Channel> dialled = new CompletableFuture<>();
    long until = System.nanoTime() + limit.toNanos();
    try {
      blocking.execute(() -> look(host, port, handler, until, dialled));
    } catch (RejectedExecutionException e) {
      dialled.completeExceptionally(new IOException("the node was closed", e));
    }
    return dialled;
  }

  private void look(
      String host,
      int port,
      ChannelHandler handler,
      long until,
      CompletableFuture<Channel> dialled) {
    try {
      joining.await();
      IpAddress address = names.resolve(host, Duration.ofNanos(until - System.nanoTime()));
      long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
      if (left <= 0) {
        throw new SocketTimeoutException("the dial was not done within " + limit);
      }
      connect(new InetSocketAddress(address.inet(), port), handler, left, dialled);
    } catch (IOException | RuntimeException e) {
      fail(dialled, e);
    } catch (InterruptedException _) {
      fail(dialled, new InterruptedIOException("the node was closed"));
    }
  }

  private void connect(
      InetSocketAddress to,
      ChannelHandler handler,
      long limitMillis,
      CompletableFuture<Channel> dialled) {
    Bootstrap bootstrap =
        stack
            .dialer()
            .option(ChannelOption.AUTO_READ, false)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                (int) Math.min(Integer.MAX_VALUE, limitMillis))
            .handler(handler);
    bootstrap
        .connect(to)
        .addListener(
            (ChannelFuture done) -> {
              if (done.isSuccess()) {
                if (!dialled.complete(done.channel())) {
                  done.channel().close();
                }
              } else {
                dialled.completeExceptionally(done.cause());
              }
            });
  }

  /// On the event loop, as it was promised.
  private void fail(CompletableFuture<Channel> dialled, Exception cause) {
    try {
      stack.driver().eventLoop().execute(() -> dialled.completeExceptionally(cause));
    } catch (RejectedExecutionException _) {
      dialled.completeExceptionally(cause);
    }
  }
}
