package io.penstock.node.serve;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Promise;
import io.penstock.api.PeerInfo;
import io.penstock.node.backend.BackendConnections;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The receiver of the connections that served ports hand to the embedder, of every config that is
/// set one after the other.
///
/// A connection that waits here counts as one in flight on its port, which bounds how many can
/// wait; requests to HTTP mounts have a bound of their own. Any thread may call this.
public final class AcceptedConnections {

  /// After which the event loop ends even if the embedder keeps it busy.
  private static final Duration END_LIMIT = Duration.ofSeconds(2);

  private final BlockingQueue<AcceptedConnection> waiting = new LinkedBlockingQueue<>();
  private final Semaphore requests;
  private final Map<LocalAddress, Origin> origins = new ConcurrentHashMap<>();
  private final LocalAddress address = new LocalAddress(AcceptedConnections.class);

  // Guarded by this.
  private @Nullable EventLoopGroup loops;
  private @Nullable Channel listener;
  private boolean closed;

  /// Where a request comes from.
  private record Origin(int port, String mount, Optional<PeerInfo> peer) {}

  AcceptedConnections(int maxRequests) {
    this.requests = new Semaphore(maxRequests);
  }

  /// Takes the next connection, or waits for it.
  ///
  /// @return empty when none came in time
  public Optional<AcceptedConnection> poll(Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      AcceptedConnection next =
          waiting.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      if (next == null || next.channel().isOpen()) {
        return Optional.ofNullable(next);
      }
    }
  }

  /// Takes a visitor's connection in.
  void add(AcceptedConnection connection) {
    waiting.add(connection);
    connection.channel().closeFuture().addListener(_ -> waiting.remove(connection));
  }

  /// Opens connections within this process, each of which comes out of [#poll].
  BackendConnections.Dialer dialer(int port, String mount, Optional<PeerInfo> peer) {
    Origin origin = new Origin(port, mount, peer);
    return (_, last, opened) -> open(origin, last, opened);
  }

  private void open(Origin origin, ChannelHandler last, Promise<Channel> opened) {
    if (!requests.tryAcquire()) {
      opened.tryFailure(new IOException("too many requests wait for the embedder"));
      return;
    }
    EventLoop loop = start();
    if (loop == null) {
      requests.release();
      opened.tryFailure(new IOException("the node serves nothing any more, as it is closed"));
      return;
    }
    LocalAddress own = new LocalAddress(AcceptedConnections.class);
    origins.put(own, origin);
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channel(LocalChannel.class)
            .option(ChannelOption.AUTO_READ, false)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(last);
                  }
                })
            .connect(address, own);
    connecting.channel().closeFuture().addListener(_ -> requests.release());
    connecting.addListener(
        _ -> {
          if (connecting.isSuccess()) {
            opened.trySuccess(connecting.channel());
          } else {
            origins.remove(own);
            opened.tryFailure(connecting.cause());
          }
        });
  }

  /// The event loop of the connections within this process; none after the end.
  private synchronized @Nullable EventLoop start() {
    if (closed) {
      return null;
    }
    EventLoopGroup running = loops;
    if (running == null) {
      running =
          new MultiThreadIoEventLoopGroup(
              1, new DefaultThreadFactory("serve-accept", true), LocalIoHandler.newFactory());
      loops = running;
      listener =
          new ServerBootstrap()
              .group(running)
              .channel(LocalServerChannel.class)
              .childOption(ChannelOption.AUTO_READ, false)
              .childHandler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      arrived(channel);
                    }
                  })
              .bind(address)
              .channel();
    }
    return running.next();
  }

  private void arrived(Channel channel) {
    Origin origin = origins.remove((LocalAddress) channel.remoteAddress());
    if (origin == null) {
      channel.close();
      return;
    }
    add(new AcceptedConnection(origin.port(), Optional.of(origin.mount()), origin.peer(), channel));
  }

  /// Closes what waits, ends the event loop if there is one, and waits for its end, for two seconds
  /// at most, which an embedder's handler may use up.
  void close() {
    EventLoopGroup ending;
    synchronized (this) {
      closed = true;
      for (AcceptedConnection each = waiting.poll(); each != null; each = waiting.poll()) {
        each.channel().close();
      }
      if (listener != null) {
        listener.close();
      }
      ending = loops;
    }
    if (ending != null) {
      NativeSupport.endEventLoops(ending, END_LIMIT).awaitUninterruptibly(END_LIMIT.toMillis());
    }
  }
}
