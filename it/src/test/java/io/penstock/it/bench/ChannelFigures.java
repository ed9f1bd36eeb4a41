package io.penstock.it.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.transport.netstack.MemoryLink;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.SocketAddresses;
import java.net.InetSocketAddress;

/// What two stacks do on one event loop, each connection a channel and a link in memory between
/// them.
final class ChannelFigures implements AutoCloseable {

  private static final double NANOS_PER_SECOND = 1e9;
  private static final IpEndpoint CLIENT = IpEndpoint.of4(0x0a000001, 0);
  private static final IpEndpoint SERVER = IpEndpoint.of4(0x0a000002, 80);
  private static final int PREFIX = 24;

  /// Connections that are under way at once.
  private static final int AT_ONCE = 64;

  private final EventLoop loop;
  private final NetStackDriver client;
  private final NetStackDriver server;

  private ChannelFigures(EventLoop loop) {
    this.loop = loop;
    MemoryLink.Pair links = MemoryLink.pair(loop, loop, LinkTraits.plain(1500));
    NetStackConfig config = NetStackConfig.defaults();
    client = NetStackDriver.start(links.first(), config);
    server = NetStackDriver.start(links.second(), config);
  }

  /// Listens; the connections get this handler.
  private void listen(ChannelHandler handler) throws InterruptedException {
    client.addAddress(CLIENT, PREFIX).sync();
    server.addAddress(SERVER, PREFIX).sync();
    new ServerBootstrap()
        .group(loop)
        .channelFactory(server.serverChannels())
        .childHandler(handler)
        .bind(new InetSocketAddress(SERVER.port()))
        .sync();
  }

  private Bootstrap dialer(ChannelHandler handler) {
    return new Bootstrap()
        .group(loop)
        .channelFactory(client.channels())
        .handler(handler)
        .remoteAddress(SocketAddresses.of(SERVER));
  }

  @Override
  public void close() {
    client.close().syncUninterruptibly();
    server.close().syncUninterruptibly();
  }

  // ---- opened and closed ----

  /// How many connections one pair of addresses opens and closes, the client first.
  ///
  /// @return in one second
  static double connectionsPerSecond(EventLoop loop, double seconds) throws Exception {
    try (ChannelFigures figures = new ChannelFigures(loop)) {
      Churn churn = new Churn(figures, (long) (seconds * NANOS_PER_SECOND));
      figures.listen(churn.new AtServer());
      for (int i = 0; i < AT_ONCE; i++) {
        churn.open();
      }
      return churn.perSecond.get();
    }
  }

  /// Opens a connection whenever the server has closed its end of another.
  private static final class Churn {

    final Promise<Double> perSecond;
    private final Bootstrap dialer;
    private final long limitNanos;
    private final long startNanos = System.nanoTime();
    private long connections;

    Churn(ChannelFigures figures, long limitNanos) {
      this.limitNanos = limitNanos;
      perSecond = figures.loop.newPromise();
      dialer = figures.dialer(new AtClient());
    }

    void open() {
      dialer.connect().addListener(this::onAttempted);
    }

    private void onAttempted(Future<? super Void> attempt) {
      if (!attempt.isSuccess()) {
        perSecond.tryFailure(attempt.cause());
      }
    }

    private void onServerClosed() {
      connections++;
      long nanos = System.nanoTime() - startNanos;
      if (nanos >= limitNanos) {
        perSecond.trySuccess(connections * NANOS_PER_SECOND / nanos);
      } else {
        open();
      }
    }

    @ChannelHandler.Sharable
    private static final class AtClient extends ChannelInboundHandlerAdapter {

      @Override
      public void channelActive(ChannelHandlerContext context) {
        context.close();
      }
    }

    @ChannelHandler.Sharable
    private final class AtServer extends ChannelInboundHandlerAdapter {

      @Override
      public void channelInactive(ChannelHandlerContext context) {
        onServerClosed();
      }
    }
  }

  // ---- idle ----

  /// Opens connections that carry nothing, with a pipeline of one shared handler.
  static ChannelFigures idle(EventLoop loop, int connections) throws InterruptedException {
    ChannelFigures figures = new ChannelFigures(loop);
    figures.listen(new Idle());
    Bootstrap dialer = figures.dialer(new Idle());
    for (int opened = 0; opened < connections; opened++) {
      ChannelFuture attempt = dialer.connect().sync();
      Channel channel = attempt.channel();
      if (!channel.isActive()) {
        throw new IllegalStateException(channel + " was closed");
      }
    }
    return figures;
  }

  @ChannelHandler.Sharable
  private static final class Idle extends ChannelInboundHandlerAdapter {}
}
