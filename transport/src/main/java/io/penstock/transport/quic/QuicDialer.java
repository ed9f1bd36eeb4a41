package io.penstock.transport.quic;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicChannelOption;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicClosedChannelException;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicTransportError;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Connects to QUIC servers, each connection over a UDP socket of its own.
///
/// May be used from any thread.
public final class QuicDialer {

  /// "No application protocol" (RFC 7301, section 3.2).
  private static final int ALERT_NO_PROTOCOL = 120;

  private final QuicSslContext tls;
  private final QuicConfig config;

  /// @param tls of [io.penstock.transport.tls.QuicTls#client]
  public QuicDialer(QuicSslContext tls, QuicConfig config) {
    this.tls = tls;
    this.config = config;
  }

  /// Connects, within [QuicConfig#handshakeTimeout].
  ///
  /// Completes on the event loop: with an established connection, or with an `IOException` whose
  /// message says what is wrong. When the connection closes so does its socket.
  ///
  /// @param server where to connect to, resolved
  /// @param serverName the name to ask for, and to check where the trust asks for it
  public CompletionStage<QuicChannel> dial(
      EventLoop loop, InetSocketAddress server, String serverName, QuicHandlers handlers) {
    CompletableFuture<QuicChannel> result = new CompletableFuture<>();
    if (server.isUnresolved()) {
      result.completeExceptionally(new IOException("cannot resolve " + server.getHostString()));
      return result;
    }
    ChannelHandler codec =
        UdpSockets.configure(new QuicClientCodecBuilder(), config)
            .sslEngineProvider(c -> tls.newEngine(c.alloc(), serverName, server.getPort()))
            .build();
    boolean v6 = server.getAddress() instanceof Inet6Address;
    ChannelFuture bound =
        UdpSockets.bootstrap(loop, config).handler(codec).bind(v6 ? "::" : "0.0.0.0", 0);
    bound.addListener(
        _ -> {
          if (bound.isSuccess()) {
            connect(new Attempt(bound.channel(), server, handlers, result));
          } else {
            result.completeExceptionally(
                new IOException("cannot open a UDP socket", bound.cause()));
          }
        });
    return result;
  }

  private record Attempt(
      Channel socket,
      InetSocketAddress server,
      QuicHandlers handlers,
      CompletableFuture<QuicChannel> result) {}

  private void connect(Attempt attempt) {
    Channel socket = attempt.socket();
    Future<QuicChannel> connecting =
        QuicChannel.newBootstrap(socket)
            .option(ChannelOption.ALLOCATOR, UdpSockets.ALLOCATOR)
            .option(
                QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR,
                UdpSockets.segments(socket.eventLoop()))
            .handler(watched(attempt.handlers().connection()))
            .streamHandler(attempt.handlers().stream())
            .remoteAddress(attempt.server())
            .connect();
    ScheduledFuture<?> limit =
        socket
            .eventLoop()
            .schedule(
                () -> {
                  fail(attempt, noAnswer(attempt));
                },
                config.handshakeTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
    connecting.addListener(
        _ -> {
          limit.cancel(false);
          if (!connecting.isSuccess()) {
            fail(attempt, explain(attempt, connecting.cause()));
            return;
          }
          QuicChannel connection = connecting.getNow();
          connection.closeFuture().addListener(_ -> closeSoon(socket));
          if (!attempt.result().complete(connection)) {
            var _ = connection.close();
          }
        });
  }

  private static ChannelHandler watched(ChannelHandler handler) {
    return new ChannelInitializer<QuicChannel>() {
      @Override
      protected void initChannel(QuicChannel connection) {
        EndWatch.on(connection);
        connection.pipeline().addLast(handler);
      }
    };
  }

  private static void fail(Attempt attempt, IOException cause) {
    closeSoon(attempt.socket());
    attempt.result().completeExceptionally(cause);
  }

  /// Closes a socket in a turn of its own: a connection may end while packets are read from the
  /// socket, and the reads that are left would fail with a warning.
  private static void closeSoon(Channel socket) {
    try {
      socket.eventLoop().execute(socket::close);
    } catch (RejectedExecutionException _) {
      // The loop has ended and closed what was open on it.
    }
  }

  private IOException noAnswer(Attempt attempt) {
    return new IOException(
        "no QUIC connection to "
            + attempt.server()
            + " within "
            + config.handshakeTimeout().toMillis()
            + " ms; a firewall may drop UDP");
  }

  private static IOException explain(Attempt attempt, @Nullable Throwable cause) {
    String where = "cannot connect to " + attempt.server() + ": ";
    if (cause instanceof QuicClosedChannelException closed && closed.event() != null) {
      return new IOException(where + tell(closed.event()), cause);
    }
    if (cause instanceof SSLException) {
      return new IOException(
          where + "its certificate is not trusted: " + cause.getMessage(), cause);
    }
    return new IOException(where + cause, cause);
  }

  private static String tell(QuicConnectionCloseEvent event) {
    if (event.isTlsError()) {
      int alert = QuicConnectionCloseEvent.extractTlsError(event.error());
      return alert == ALERT_NO_PROTOCOL
          ? "it speaks none of the protocols that were offered"
          : "its TLS refuses us with alert " + alert;
    }
    return event.error() == QuicTransportError.CONNECTION_REFUSED.code()
        ? "it refuses new connections"
        : "it closed the connection with error " + event.error();
  }
}
