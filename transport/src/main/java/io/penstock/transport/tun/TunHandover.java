package io.penstock.transport.tun;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.OwnerSocket;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where a process waits for the one TUN device that another process of the same user opens for it,
/// and the other end of that: the device's descriptor travels over a Unix socket (`SCM_RIGHTS`,
/// unix(7)).
///
/// ```
///   the process that may change the system              the process that moves the packets
///   TunDevice.open                                      TunHandover.listen
///   TunHandover.send ── one descriptor, one byte ──►    TunHandover.await = TunDevice.adopt
/// ```
///
/// Nobody but its owner can open the socket, and both ends look at the user of the other
/// (`SO_PEERCRED`): only this user and root pass. The first descriptor that comes is the one,
/// others are closed. At most [#MAX_CONNECTIONS] at a time, more are closed at once, as is one that
/// says nothing for [#CONNECTION_LIMIT]. Any thread but the event loop's may call this; it blocks.
public final class TunHandover implements AutoCloseable {

  /// One is needed; a few more let one that says nothing not stand in the way.
  public static final int MAX_CONNECTIONS = 4;

  /// Who connects has a device at hand.
  public static final Duration CONNECTION_LIMIT = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(TunHandover.class);

  private final OwnerSocket socket;
  private final ChannelGroup connections;
  private final Promise<FileDescriptor> received;
  private final AtomicBoolean taken = new AtomicBoolean();

  private TunHandover(
      OwnerSocket socket, ChannelGroup connections, Promise<FileDescriptor> received) {
    this.socket = socket;
    this.connections = connections;
    this.received = received;
  }

  /// Opens the socket, in place of one that a killed process has left there.
  ///
  /// @param loop of epoll, where connections run
  /// @throws IOException when the socket cannot be made; a [TunUnavailableException] where there
  ///   are no TUN devices
  public static TunHandover listen(EventLoop loop, Path path) throws IOException {
    int user = TunOpener.libc().effectiveUser();
    ChannelGroup connections = new DefaultChannelGroup(loop, true);
    Promise<FileDescriptor> received = loop.newPromise();
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loop)
            .channel(NativeSupport.serverUnixSocketChannel())
            .childOption(
                EpollChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS)
            .childHandler(
                new ChannelInitializer<EpollDomainSocketChannel>() {
                  @Override
                  protected void initChannel(EpollDomainSocketChannel client) throws IOException {
                    if (connections.size() >= MAX_CONNECTIONS || !isTrusted(client, user)) {
                      client.close();
                      return;
                    }
                    connections.add(client);
                    client
                        .pipeline()
                        .addLast(
                            new ReadTimeoutHandler(
                                CONNECTION_LIMIT.toMillis(), TimeUnit.MILLISECONDS))
                        .addLast(new Receiver(received));
                  }
                });
    return new TunHandover(OwnerSocket.bind(bootstrap, path), connections, received);
  }

  private static boolean isTrusted(EpollDomainSocketChannel peer, int user) throws IOException {
    int uid = peer.peerCredentials().uid();
    return uid == user || uid == 0;
  }

  /// Waits for the device and adopts it; only the first call can succeed. The caller owns the
  /// device, and is in the network namespace of its interface.
  ///
  /// @throws TunUnavailableException when what came is no fit descriptor
  /// @throws IOException when nothing came within the limit, or this is closed
  public TunDevice await(Duration limit) throws IOException, InterruptedException {
    if (!received.await(limit.toMillis())) {
      throw new IOException(
          "no TUN device was handed over on %s within %s; connect there and send one descriptor with SCM_RIGHTS, as this user or as root"
              .formatted(socket.file(), limit));
    }
    if (!received.isSuccess() || !taken.compareAndSet(false, true)) {
      throw new IOException("no TUN device comes over " + socket.file() + " any more");
    }
    FileDescriptor descriptor = received.getNow();
    try (socket) {
      return TunDevice.adopt(descriptor.intValue());
    } finally {
      descriptor.close();
    }
  }

  /// Hands a device over; the caller keeps its own. When this returns the other process may not
  /// have read it yet, but cannot miss it.
  ///
  /// @param loop of epoll
  /// @param path where the other process listens
  /// @throws IOException when nobody or another user listens there, or it takes too long
  public static void send(EventLoop loop, Path path, TunDevice device, Duration limit)
      throws IOException, InterruptedException {
    int user = TunOpener.libc().effectiveUser();
    long end = System.nanoTime() + limit.toNanos();
    EpollDomainSocketChannel channel = new EpollDomainSocketChannel();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channelFactory(() -> channel)
            .handler(new ChannelInboundHandlerAdapter());
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path.toAbsolutePath());
    try {
      require(bootstrap.connect(NativeSupport.unixAddress(address)), end, path);
      if (!isTrusted(channel, user)) {
        throw new IOException(
            "user %d listens on %s, not this user; no device was handed over"
                .formatted(channel.peerCredentials().uid(), path));
      }
      require(channel.writeAndFlush(new FileDescriptor(device.descriptor())), end, path);
    } finally {
      channel.close();
    }
  }

  private static void require(Future<?> step, long endNanos, Path path)
      throws IOException, InterruptedException {
    if (!step.await(Math.max(0, endNanos - System.nanoTime()), TimeUnit.NANOSECONDS)) {
      throw new IOException("nobody takes the TUN device on " + path + " in time");
    }
    if (!step.isSuccess()) {
      throw new IOException(
          "cannot hand the TUN device over on %s: %s".formatted(path, step.cause().getMessage()),
          step.cause());
    }
  }

  /// Gives the socket up, and what came over it unless somebody has taken that. Repeatable.
  @Override
  public void close() throws IOException {
    try {
      socket.close();
    } finally {
      connections.close();
      received.tryFailure(new ClosedChannelException());
      if (received.isSuccess() && taken.compareAndSet(false, true)) {
        received.getNow().close();
      }
    }
  }

  /// Takes a descriptor from a connection that passed.
  private static final class Receiver extends ChannelInboundHandlerAdapter {

    private final Promise<FileDescriptor> received;

    private Receiver(Promise<FileDescriptor> received) {
      this.received = received;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws IOException {
      FileDescriptor descriptor = (FileDescriptor) message;
      if (!received.trySuccess(descriptor)) {
        descriptor.close();
      }
      ctx.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      LOG.debug("a connection brought no TUN device", cause);
      ctx.close();
    }
  }
}
