package io.penstock.it.smux;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxConfig;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.smux.SmuxConnection;
import io.penstock.transport.smux.SmuxStreamChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Smux over plain TCP on the loopback interface: listens, dials, opens streams.
final class SmuxHost implements AutoCloseable {

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final SmuxConfig config;
  private final Consumer<SmuxStreamChannel> onAccept;
  final BlockingQueue<SmuxConnection> connections = new LinkedBlockingQueue<>();
  final BlockingQueue<SmuxCloseReason> ends = new LinkedBlockingQueue<>();

  /// @param onAccept gets each stream that a peer opens; half-closure is allowed on all
  SmuxHost(SmuxConfig config, Consumer<SmuxStreamChannel> onAccept) {
    this.config = config;
    this.onAccept = onAccept;
  }

  /// Listens with smux in the given role, and returns the address as `host:port`.
  String listen(SmuxRole role) throws InterruptedException {
    Channel channel =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(handler(role))
            .bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0))
            .sync()
            .channel();
    return "127.0.0.1:" + ((InetSocketAddress) channel.localAddress()).getPort();
  }

  SmuxConnection dial(String address, SmuxRole role) throws InterruptedException {
    String[] hostAndPort = address.split(":", 2);
    new Bootstrap()
        .group(group)
        .channel(NioSocketChannel.class)
        .handler(handler(role))
        .connect(new InetSocketAddress(hostAndPort[0], Integer.parseInt(hostAndPort[1])))
        .sync();
    return connection();
  }

  /// Waits for the next connection that is established.
  SmuxConnection connection() throws InterruptedException {
    SmuxConnection connection = connections.poll(20, TimeUnit.SECONDS);
    if (connection == null) {
      throw new AssertionError("no connection came");
    }
    return connection;
  }

  static SmuxStreamChannel open(SmuxConnection connection, ChannelHandler handler)
      throws Exception {
    return connection
        .channel()
        .eventLoop()
        .submit(
            () -> {
              SmuxStreamChannel stream = connection.openStream(handler);
              stream.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
              return stream;
            })
        .get(10, TimeUnit.SECONDS);
  }

  private ChannelInitializer<Channel> handler(SmuxRole role) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        SmuxConnection connection = new SmuxConnection(config, role, new Ends());
        channel.pipeline().addLast(connection);
        connections.add(connection);
      }
    };
  }

  @Override
  public void close() {
    NativeSupport.endEventLoops(group, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  private final class Ends implements SmuxConnection.Listener {

    @Override
    public void streamAccepted(SmuxStreamChannel stream) {
      stream.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
      onAccept.accept(stream);
    }

    @Override
    public void closed(SmuxCloseReason reason) {
      ends.add(reason);
    }
  }
}
