package io.penstock.node.agent.app;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.transport.NativeSupport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLException;

/// An agent's app proxy whose streams are plain TCP connections that the test opens, in front of an
/// app that the test plays.
final class AppFixture implements AutoCloseable {

  final WireServer app;
  final List<RequestLog.Entry> log = new CopyOnWriteArrayList<>();
  private final EventLoopGroup loop = NativeSupport.newEventLoops(1, "agent");
  private final Channel listener;

  private AppFixture(WireServer app, AppConfig config) {
    this.app = app;
    try {
      listener =
          new ServerBootstrap()
              .group(loop)
              .channel(NativeSupport.serverSocketChannel())
              .childHandler(new AppProxy(config, log::add))
              .bind(InetAddress.getLoopbackAddress(), 0)
              .syncUninterruptibly()
              .channel();
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  static AppFixture start() {
    return start(WireServer.start(), UnaryOperator.identity());
  }

  static AppFixture start(WireServer app, UnaryOperator<AppConfig.Builder> config) {
    URI target = URI.create("http://127.0.0.1:" + app.port());
    return new AppFixture(app, config.apply(AppConfig.builder(target)).build());
  }

  static AppFixture start(UnaryOperator<AppConfig.Builder> config) {
    return start(WireServer.start(), config);
  }

  static AppFixture to(URI target, WireServer app, UnaryOperator<AppConfig.Builder> config) {
    return new AppFixture(app, config.apply(AppConfig.builder(target)).build());
  }

  WireSocket stream() {
    return WireSocket.connect(((InetSocketAddress) listener.localAddress()).getPort());
  }

  @Override
  public void close() {
    listener.close();
    app.close();
    NativeSupport.endEventLoops(loop, Duration.ofSeconds(2)).syncUninterruptibly();
  }
}
