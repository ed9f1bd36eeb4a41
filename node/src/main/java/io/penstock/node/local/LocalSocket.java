package io.penstock.node.local;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.OwnerSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A Unix socket on which a program of this machine is asked by its owner's other programs.
///
/// At most [#MAX_CONNECTIONS] at a time, more are closed at once. Any thread may call this.
public final class LocalSocket implements AutoCloseable {

  /// Commands of one user; some keep a connection for as long as they run.
  public static final int MAX_CONNECTIONS = 256;

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final OwnerSocket socket;
  private final ChannelGroup connections;

  private LocalSocket(OwnerSocket socket, ChannelGroup connections) {
    this.socket = socket;
    this.connections = connections;
  }

  /// Opens the socket, in place of one that a killed process has left there; blocks for a moment.
  ///
  /// @param loop where connections run
  /// @param file in a directory that this process has locked
  /// @param door installs what answers into the pipeline of each connection
  /// @throws IOException when the socket cannot be made
  public static LocalSocket open(EventLoop loop, Path file, Consumer<ChannelPipeline> door)
      throws IOException {
    ChannelGroup connections = new DefaultChannelGroup(loop, true);
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loop)
            .channel(NativeSupport.serverUnixSocketChannel())
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel client) {
                    if (connections.size() >= MAX_CONNECTIONS) {
                      client.close();
                      return;
                    }
                    connections.add(client);
                    door.accept(client.pipeline());
                  }
                });
    return new LocalSocket(OwnerSocket.bind(bootstrap, file), connections);
  }

  /// Where it is.
  public Path file() {
    return socket.file();
  }

  /// Whether it has not been closed.
  public boolean isOpen() {
    return socket.isOpen();
  }

  /// Gives the socket up and ends all its connections, within 5 s. Repeatable.
  @Override
  public void close() throws IOException {
    close(CLOSE_LIMIT);
  }

  /// As above with another limit.
  public void close(Duration limit) throws IOException {
    long until = System.nanoTime() + limit.toNanos();
    try {
      socket.close(limit);
    } finally {
      connections.close().awaitUninterruptibly(until - System.nanoTime(), TimeUnit.NANOSECONDS);
    }
  }
}
