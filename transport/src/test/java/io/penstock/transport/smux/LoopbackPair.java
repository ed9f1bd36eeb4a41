package io.penstock.transport.smux;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxConfig;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.transport.NativeSupport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Two smux connections over one TCP connection on the loopback interface, each on its own thread.
final class LoopbackPair implements AutoCloseable {

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  private final CompletableFuture<SmuxConnection> accepted = new CompletableFuture<>();
  private final Channel listening;
  final CompletableFuture<SmuxCloseReason> serverClosed = new CompletableFuture<>();
  final CompletableFuture<SmuxCloseReason> clientClosed = new CompletableFuture<>();
  final SmuxConnection client;
  final SmuxConnection server;

  /// @param onAccept gets each stream that the client opens, before it is registered
  LoopbackPair(SmuxConfig config, Consumer<SmuxStreamChannel> onAccept) throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    listening =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                initializer(
                    channel -> {
                      SmuxConnection connection =
                          new SmuxConnection(
                              config, SmuxRole.SERVER, new Recorder(onAccept, serverClosed));
                      channel.pipeline().addLast(connection);
                      accepted.complete(connection);
                    }))
            .bind(any)
            .sync()
            .channel();
    client = new SmuxConnection(config, SmuxRole.CLIENT, new Recorder(_ -> {}, clientClosed));
    new Bootstrap()
        .group(group)
        .channel(NioSocketChannel.class)
        .handler(initializer(channel -> channel.pipeline().addLast(client)))
        .connect(listening.localAddress())
        .sync();
    server = accepted.get(10, TimeUnit.SECONDS);
  }

  /// Opens a stream from the client's side.
  SmuxStreamChannel open(ChannelHandler handler) throws Exception {
    return onLoop(client, () -> client.openStream(handler));
  }

  /// Runs a task on the event loop of a connection and waits for its result.
  static <T> T onLoop(SmuxConnection connection, Callable<T> task) throws Exception {
    return connection.channel().eventLoop().submit(task).get(10, TimeUnit.SECONDS);
  }

  static ChannelInitializer<Channel> initializer(Consumer<Channel> init) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        init.accept(channel);
      }
    };
  }

  @Override
  public void close() {
    listening.close().syncUninterruptibly();
    client.channel().close().syncUninterruptibly();
    server.channel().close().syncUninterruptibly();
    NativeSupport.endEventLoops(group, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  private record Recorder(
      Consumer<SmuxStreamChannel> onAccept, CompletableFuture<SmuxCloseReason> reason)
      implements SmuxConnection.Listener {

    @Override
    public void streamAccepted(SmuxStreamChannel stream) {
      onAccept.accept(stream);
    }

    @Override
    public void closed(SmuxCloseReason closeReason) {
      reason.complete(closeReason);
    }
  }
}
