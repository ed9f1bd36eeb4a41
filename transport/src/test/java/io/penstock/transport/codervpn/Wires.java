package io.penstock.transport.codervpn;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// What joins a manager and a tunnel in a test: Unix sockets of either kind, or two pipes.
final class Wires implements AutoCloseable {

  enum Kind {
    /// Unix sockets as the product uses them here.
    NATIVE,
    /// Unix sockets in pure Java.
    NIO,
    /// Two pipes of the operating system, read and written by blocking streams.
    PIPES
  }

  private final Kind kind;
  private final EventLoopGroup loops;
  private final Path directory;
  private final Path socket;
  private final List<Channel> channels = new ArrayList<>();

  Wires(Kind kind) {
    this.kind = kind;
    loops =
        kind == Kind.NIO
            ? new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory())
            : NativeSupport.newEventLoops(2, "codervpn-test");
    try {
      directory = Files.createTempDirectory("codervpn");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    socket = directory.resolve("socket");
  }

  /// Joins the two.
  void join(ManagerConnection manager, TunnelConnection tunnel) throws Exception {
    if (kind == Kind.PIPES) {
      Pipe toTunnel = Pipe.open();
      Pipe toManager = Pipe.open();
      pipe(toTunnel, toManager, tunnel.handler());
      pipe(toManager, toTunnel, manager.handler());
    } else {
      listen(tunnel.handler());
      connect(manager.handler());
    }
  }

  /// Runs a handler over the ends of two pipes.
  void pipe(Pipe from, Pipe to, ChannelHandler handler) {
    channels.add(
        PipeChannel.open(
            Channels.newInputStream(from.source()),
            Channels.newOutputStream(to.sink()),
            loops.next(),
            handler));
  }

  /// Accepts one connection with this handler.
  void listen(ChannelHandler handler) throws Exception {
    listen(() -> handler);
  }

  /// Accepts connections, each with a handler of its own.
  void listen(Supplier<ChannelHandler> handlers) throws Exception {
    Class<? extends ServerChannel> type =
        kind == Kind.NIO
            ? NioServerDomainSocketChannel.class
            : NativeSupport.serverUnixSocketChannel();
    channels.add(
        new ServerBootstrap()
            .group(loops)
            .channel(type)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(handlers.get());
                  }
                })
            .bind(address())
            .sync()
            .channel());
  }

  /// Connects with this handler.
  Channel connect(ChannelHandler handler) throws Exception {
    Class<? extends Channel> type =
        kind == Kind.NIO ? NioDomainSocketChannel.class : NativeSupport.unixSocketChannel();
    Channel channel =
        new Bootstrap()
            .group(loops)
            .channel(type)
            .handler(handler)
            .connect(address())
            .sync()
            .channel();
    channels.add(channel);
    return channel;
  }

  /// Connects without a handler, for a peer that speaks byte by byte.
  RawPeer connectRaw() throws IOException {
    return new RawPeer(UnixDomainSocketAddress.of(socket));
  }

  private SocketAddress address() {
    return kind == Kind.NIO
        ? UnixDomainSocketAddress.of(socket)
        : NativeSupport.unixAddress(UnixDomainSocketAddress.of(socket));
  }

  @Override
  public void close() throws IOException {
    channels.forEach(Channel::close);
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(20)).syncUninterruptibly();
    Files.deleteIfExists(socket);
    Files.delete(directory);
  }
}
