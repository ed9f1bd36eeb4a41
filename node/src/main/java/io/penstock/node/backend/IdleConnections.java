package io.penstock.node.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.penstock.transport.relay.FarEnd;
import io.penstock.transport.relay.LazyTimer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// Connections to a backend that wait for their next request, newest first.
///
/// Bounded in number and in time. One that the backend closes, or on which it says something
/// unasked, is dropped. Runs on one event loop.
final class IdleConnections {

  /// How recently the backend must have answered on a connection for it to carry a request that
  /// cannot be repeated: the backend may close an older one at any moment.
  private static final long FRESH_NANOS = Duration.ofSeconds(1).toNanos();

  /// What a request asks of a connection.
  enum Need {
    /// The request can be sent again if the connection turns out to be closed.
    ANY,
    /// It cannot.
    FRESH
  }

  private final Deque<Idle> waiting = new ArrayDeque<>();
  private final LazyTimer timer;
  private final int most;
  private final long maxIdleNanos;

  IdleConnections(EventLoop loop, BackendConfig config) {
    this.timer = new LazyTimer(loop, this::dropOld);
    this.most = config.maxIdleConnections();
    this.maxIdleNanos = config.maxIdle().toNanos();
  }

  /// Takes the connection that was used last, or returns null when none will do.
  @Nullable FarEnd take(Need need) {
    long now = System.nanoTime();
    for (Idle next = waiting.peekFirst(); next != null; next = waiting.peekFirst()) {
      long age = now - next.sinceNanos;
      if (need == Need.FRESH && age > FRESH_NANOS) {
        return null;
      }
      waiting.removeFirst();
      Channel channel = next.connection.channel();
      if (channel != null && channel.isActive() && age < maxIdleNanos) {
        return next.connection;
      }
      next.connection.close();
    }
    return null;
  }

  /// Keeps a connection whose exchange is complete, or closes it when there are enough.
  void keep(FarEnd connection) {
    if (waiting.size() >= most) {
      connection.close();
      return;
    }
    long now = System.nanoTime();
    Idle idle = new Idle(connection, now);
    connection.listen(idle);
    if (waiting.isEmpty()) {
      timer.set(now, maxIdleNanos);
    }
    waiting.addFirst(idle);
  }

  int size() {
    return waiting.size();
  }

  private void dropOld() {
    long now = System.nanoTime();
    Idle oldest = waiting.peekLast();
    while (oldest != null && now - oldest.sinceNanos >= maxIdleNanos) {
      waiting.removeLast();
      oldest.connection.close();
      oldest = waiting.peekLast();
    }
    if (oldest != null) {
      timer.set(now, oldest.sinceNanos + maxIdleNanos - now);
    }
  }

  private final class Idle implements FarEnd.Listener {

    private final FarEnd connection;
    private final long sinceNanos;

    Idle(FarEnd connection, long sinceNanos) {
      this.connection = connection;
      this.sinceNanos = sinceNanos;
    }

    private void drop() {
      waiting.remove(this);
      connection.close();
    }

    @Override
    public void farRead(ByteBuf bytes) {
      connection.consumed(bytes.readableBytes());
      bytes.release();
      drop();
    }

    @Override
    public void farReadComplete() {}

    @Override
    public void farWritable() {}

    @Override
    public void farPeerFinished() {
      drop();
    }

    @Override
    public void farInputEnded() {
      drop();
    }

    @Override
    public void farClosed(@Nullable Throwable failure) {
      waiting.remove(this);
    }
  }
}
