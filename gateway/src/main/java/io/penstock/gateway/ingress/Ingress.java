package io.penstock.gateway.ingress;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.util.AsyncMapping;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.relay.HttpConnection;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/// The public HTTP/1.1 listeners of a gateway and the visitors on them.
///
/// It owns its listening sockets and the visitor connections; routes, agents and event loops belong
/// to whoever built it. It ends by [#drain], which lets requests in progress finish, or [#close],
/// which does not. All methods may be called from any thread.
public final class Ingress implements AutoCloseable {

  private static final String HTTP = "http";
  private static final String HTTPS = "https";

  /// One read of a visitor's bytes, repeated at most so often before others get their turn; the
  /// product bounds what is taken in between two looks at the back-pressure.
  private static final int READ_BYTES = 64 * 1024;

  private static final int READS_PER_TURN = 4;

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private static final int BACKLOG = 1024;

  private final IngressSetup setup;
  private final ChannelGroup listeners = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ChannelGroup visitors = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private volatile boolean draining;

  public Ingress(
      IngressConfig config, RouteTable routes, Upstreams upstreams, IngressCounters counters) {
    this.setup = IngressSetup.of(config, routes, upstreams, counters, () -> draining);
  }

  /// Listens for plain HTTP.
  ///
  /// @param loops accept and serve; made by [NativeSupport#newEventLoops]
  /// @return the future of the bound channel, whose local address tells the port
  public ChannelFuture listen(EventLoopGroup loops, SocketAddress address) {
    return bind(loops, address, plainVisitors());
  }

  /// Listens for HTTPS.
  ///
  /// @param certificates the context for a server name, which is lower-case and may be null; a
  ///   failed future or a null refuses the handshake
  public ChannelFuture listenTls(
      EventLoopGroup loops,
      SocketAddress address,
      AsyncMapping<? super String, ? extends SslContext> certificates) {
    return bind(loops, address, tlsVisitors(certificates));
  }

  /// The handler that makes any accepted channel a visitor's over plain HTTP.
  public ChannelHandler plainVisitors() {
    return new VisitorInitializer(null);
  }

  /// The handler that makes any accepted channel a visitor's over HTTPS.
  public ChannelHandler tlsVisitors(
      AsyncMapping<? super String, ? extends SslContext> certificates) {
    return new VisitorInitializer(certificates);
  }

  /// Stops listening, closes idle connections, and lets each busy one end with its response.
  ///
  /// @return completes when the last visitor is gone; whoever has a limit calls [#close] after it
  public CompletionStage<Void> drain() {
    draining = true;
    listeners.close();
    for (Channel visitor : visitors) {
      visitor.eventLoop().execute(() -> closeIfIdle(visitor));
    }
    CompletableFuture<Void> gone = new CompletableFuture<>();
    visitors.newCloseFuture().addListener(_ -> gone.complete(null));
    return gone;
  }

  /// Stops listening and closes every visitor connection at once.
  @Override
  public void close() {
    draining = true;
    listeners.close();
    visitors.close();
  }

  /// What has been counted so far.
  public IngressCounters counters() {
    return setup.counters();
  }

  private static void closeIfIdle(Channel visitor) {
    HttpConnection handler = visitor.pipeline().get(HttpConnection.class);
    if (handler != null) {
      handler.closeIfIdle();
    }
  }

  private ChannelFuture bind(EventLoopGroup loops, SocketAddress address, ChannelHandler child) {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channel(NativeSupport.serverSocketChannel())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childHandler(child)
            .bind(address);
    bound.addListener(
        _ -> {
          if (bound.isSuccess()) {
            listeners.add(bound.channel());
          }
        });
    return bound;
  }

  @ChannelHandler.Sharable
  private final class VisitorInitializer extends ChannelInitializer<Channel> {

    private final @Nullable AsyncMapping<? super String, ? extends SslContext> certificates;

    VisitorInitializer(@Nullable AsyncMapping<? super String, ? extends SslContext> certificates) {
      this.certificates = certificates;
    }

    @Override
    protected void initChannel(Channel channel) {
      if (draining || visitors.size() >= setup.config().maxConnections()) {
        setup.counters().connectionRefused();
        channel.close();
        return;
      }
      configure(channel);
      visitors.add(channel);
      if (certificates != null) {
        long limitMillis = setup.config().headTimeout().toMillis();
        channel.pipeline().addLast(new SniHandler(certificates, 0, limitMillis));
      }
      String scheme = certificates == null ? HTTP : HTTPS;
      channel
          .pipeline()
          .addLast(
              new HttpConnection(
                  channel, new VisitorService(channel, setup, scheme), setup.limits()));
    }

    private void configure(Channel channel) {
      channel
          .config()
          .setAutoRead(false)
          .setWriteBufferWaterMark(WATER_MARK)
          .setRecvByteBufAllocator(
              new AdaptiveRecvByteBufAllocator(512, 2048, READ_BYTES)
                  .maxMessagesPerRead(READS_PER_TURN));
      channel.config().setOption(ChannelOption.TCP_NODELAY, true);
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, certificates == null);
    }
  }
}
