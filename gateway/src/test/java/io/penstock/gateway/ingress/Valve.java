package io.penstock.gateway.ingress;

import static org.awaitility.Awaitility.await;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// Holds what is written to one channel until the test lets it pass, as a slow tunnel does.
final class Valve extends ChannelOutboundHandlerAdapter {

  private record Held(Object message, ChannelPromise promise) {}

  private final Queue<Held> held = new ConcurrentLinkedQueue<>();
  private volatile @Nullable ChannelHandlerContext context;

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    held.add(new Held(message, promise));
  }

  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    held.forEach(each -> ReferenceCountUtil.release(each.message()));
    held.clear();
    ctx.close(promise);
  }

  void awaitWrites(int count) {
    await().until(() -> held.size() == count);
  }

  /// Lets the oldest write pass.
  void passOne() {
    Held next = held.remove();
    ChannelHandlerContext ctx = context;
    if (ctx == null) {
      throw new IllegalStateException("nothing has been written yet");
    }
    ctx.executor().execute(() -> ctx.writeAndFlush(next.message(), next.promise()));
  }
}
