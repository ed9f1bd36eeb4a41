package io.penstock.node.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A proxy on 127.0.0.1 through which programs of this machine reach the overlay, by SOCKS5 or HTTP
/// `CONNECT`, with a password.
///
/// Names are those of the overlay's zone and never go to the DNS of this machine; what is not on
/// the overlay is refused, never dialled from this machine. Any thread may call this.
public final class LoopbackProxy implements AutoCloseable {

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final ProxyConfig config;
  private final ChannelGroup connections;
  private final Channel listener;

  private LoopbackProxy(ProxyConfig config, ChannelGroup connections, Channel listener) {
    this.config = config;
    this.connections = connections;
    this.listener = listener;
  }

  /// Starts a proxy; blocks for a moment.
  ///
  /// @param loop where all of it runs, that of the dialled channels
  /// @throws IOException when the port cannot be had
  public static LoopbackProxy start(EventLoop loop, OverlayDialer dialer, ProxyConfig config)
      throws IOException {
    ChannelGroup connections = new DefaultChannelGroup(loop, true);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loop)
            .channel(NativeSupport.serverSocketChannel())
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel client) {
                    if (connections.size() >= config.maxConnections()) {
                      client.close();
                      return;
                    }
                    connections.add(client);
                    client
                        .pipeline()
                        .addLast(ConnectDoor.LIMIT, ConnectDoor.limit(config.requestLimit()))
                        .addLast(new ProxyFront(config, dialer));
                  }
                })
            .bind(InetAddress.ofLiteral("127.0.0.1"), config.port())
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "the proxy cannot listen on 127.0.0.1:%d: %s"
              .formatted(config.port(), bound.cause().getMessage()),
          bound.cause());
    }
    return new LoopbackProxy(config, connections, bound.channel());
  }

  /// Where it listens.
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /// Whether it has not been closed.
  public boolean isOpen() {
    return listener.isOpen();
  }

  public String user() {
    return config.user();
  }

  /// The password, a secret.
  public String password() {
    return config.password();
  }

  /// Ends the proxy and all connections through it, within 5 s. Repeatable.
  @Override
  public void close() {
    close(CLOSE_LIMIT);
  }

  /// As above with another limit.
  public void close(Duration limit) {
    long until = System.nanoTime() + limit.toNanos();
    listener.close().awaitUninterruptibly(limit.toMillis());
    connections.close().awaitUninterruptibly(until - System.nanoTime(), TimeUnit.NANOSECONDS);
  }
}
