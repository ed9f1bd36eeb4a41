package io.penstock.transport.quic;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicTransportError;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Counts a server's connections, refuses those beyond the limit, and ends those that take too long
/// to become established.
///
/// Shared by the server's event loops.
final class Admission {

  private static final String STOPS = "server stops";

  private static final String LATE = "handshake took too long";
  private static final String FULL = "no more connections";

  private final QuicConfig config;
  private final AtomicInteger connections = new AtomicInteger();
  private final Set<QuicChannel> open = ConcurrentHashMap.newKeySet();

  Admission(QuicConfig config) {
    this.config = config;
  }

  int connections() {
    return connections.get();
  }

  /// Tells every peer that the server stops, and waits until that is written.
  void closeAll() {
    int code = (int) QuicTransportError.NO_ERROR.code();
    List<ChannelFuture> closing =
        open.stream()
            .map(each -> each.close(false, code, Unpooled.copiedBuffer(STOPS, UTF_8)))
            .toList();
    closing.forEach(ChannelFuture::awaitUninterruptibly);
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
    open.add(connection);
    connection
        .closeFuture()
        .addListener(
            _ -> {
              open.remove(connection);
              connections.decrementAndGet();
            });
    if (now > config.maxConnections()) {
      // Before this turn ends there is nothing behind the channel that could tell the client.
      connection.eventLoop().execute(() -> refuse(connection, FULL));
      return false;
    }
    ScheduledFuture<?> limit =
        connection
            .eventLoop()
            .schedule(
                () -> {
                  if (!connection.isActive()) {
                    refuse(connection, LATE);
                  }
                },
                config.handshakeTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
    connection.closeFuture().addListener(_ -> limit.cancel(false));
    return true;
  }

  private static void refuse(QuicChannel connection, String reason) {
    int code = (int) QuicTransportError.CONNECTION_REFUSED.code();
    var _ = connection.close(false, code, Unpooled.copiedBuffer(reason, UTF_8));
  }
}
