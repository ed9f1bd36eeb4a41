package io.penstock.it.codervpn;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.penstock.it.CoderVpnPeers;
import io.penstock.it.PeerProgram;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/// A Unix socket on which one program is awaited.
final class UnixListener implements AutoCloseable {

  private final EventLoopGroup loops = NativeSupport.newEventLoops(1, "codervpn-it");
  private final Path directory;
  private final Path socket;
  private final Channel server;

  /// @param handler gets the connection of the program
  UnixListener(ChannelHandler handler) throws Exception {
    directory = Files.createTempDirectory("codervpn");
    socket = directory.resolve("socket");
    server =
        new ServerBootstrap()
            .group(loops)
            .channel(NativeSupport.serverUnixSocketChannel())
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(handler);
                  }
                })
            .bind(NativeSupport.unixAddress(UnixDomainSocketAddress.of(socket)))
            .sync()
            .channel();
  }

  /// Starts a program of `it/peers/codervpn` that connects here.
  ///
  /// @param arguments its other flags, then its steps
  PeerProgram start(String program, String... arguments) throws IOException {
    return CoderVpnPeers.start(
        program,
        Stream.concat(Stream.of("-dial", socket.toString()), Stream.of(arguments))
            .toArray(String[]::new));
  }

  @Override
  public void close() throws IOException {
    server.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(20)).syncUninterruptibly();
    Files.deleteIfExists(socket);
    Files.delete(directory);
  }
}
