package io.penstock.transport.quic;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicTransportError;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Counts a server's connections, refuses those beyond the limit, and ends those that take too long
/// to become established.
///
/// Shared by the server's event loops.
final class Admission {

  private final QuicConfig config;
  private final AtomicInteger connections = new AtomicInteger();

  Admission(QuicConfig config) {
    this.config = config;
  }

  int connections() {
    return connections.get();
  }

  /// Makes the handler that every connection meets before `handler`.
  ChannelHandler before(ChannelHandler handler) {
    return new ChannelInitializer<QuicChannel>() {
      @Override
      protected void initChannel(QuicChannel connection) {
        EndWatch.on(connection);
        if (admit(connection)) {
          connection.pipeline().addLast(handler);
        }
      }

      @Override
      public boolean isSharable() {
        return true;
      }
    };
  }

  private boolean admit(QuicChannel connection) {
    int now = connections.incrementAndGet();
    connection.closeFuture().addListener(_ -> connections.decrementAndGet());
    if (now > config.maxConnections()) {
      refuse(connection);
      return false;
    }
    ScheduledFuture<?> limit =
        connection
            .eventLoop()
            .schedule(
                () -> {
                  if (!connection.isActive()) {
                    refuse(connection);
                  }
                },
                config.handshakeTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
    connection.closeFuture().addListener(_ -> limit.cancel(false));
    return true;
  }

  private static void refuse(QuicChannel connection) {
    int code = (int) QuicTransportError.CONNECTION_REFUSED.code();
    var _ = connection.close(false, code, Unpooled.EMPTY_BUFFER);
  }
}
