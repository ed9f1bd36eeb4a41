package io.penstock.transport;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.DefaultThreadFactory;

/// Which native parts of Netty are active here, and the channel and loop types that follow from it.
///
/// Without them everything works in pure Java, more slowly; QUIC alone needs its native part. All
/// methods may be called from any thread.
public final class NativeSupport {

  private NativeSupport() {}

  /// Whether sockets use Linux epoll rather than the JDK's selector.
  public static boolean epoll() {
    return Epoll.isAvailable();
  }

  /// Whether TLS is done by BoringSSL rather than the JDK.
  public static boolean openSsl() {
    return OpenSsl.isAvailable();
  }

  /// Whether QUIC is available.
  public static boolean quic() {
    return Quic.isAvailable();
  }

  /// The TLS implementation to use.
  public static SslProvider sslProvider() {
    return openSsl() ? SslProvider.OPENSSL : SslProvider.JDK;
  }

  /// Starts event loops on daemon threads named `name-…`; the caller shuts the group down.
  ///
  /// @param threads how many, at least 1
  public static MultiThreadIoEventLoopGroup newEventLoops(int threads, String name) {
    IoHandlerFactory io = epoll() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory(name, true), io);
  }

  /// How many event loops make full use of this machine.
  public static int defaultEventLoops() {
    return Math.max(2, Runtime.getRuntime().availableProcessors());
  }

  /// The channel type of a listening TCP socket.
  public static Class<? extends ServerSocketChannel> serverSocketChannel() {
    return epoll() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
  }

  /// The channel type of a connected TCP socket.
  public static Class<? extends SocketChannel> socketChannel() {
    return epoll() ? EpollSocketChannel.class : NioSocketChannel.class;
  }

  /// The channel type of a UDP socket.
  public static Class<? extends DatagramChannel> datagramChannel() {
    return epoll() ? EpollDatagramChannel.class : NioDatagramChannel.class;
  }
}
