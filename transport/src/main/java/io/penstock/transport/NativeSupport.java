package io.penstock.transport;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;

/// Which native parts of Netty are active here, and the channel and loop types that follow from it.
///
/// Without them everything works in pure Java, more slowly; QUIC alone needs its native part. All
/// methods may be called from any thread.
public final class NativeSupport {

  /// A loop without a new task for this long has done what followed from its end, also on behalf of
  /// other loops that end beside it.
  private static final long QUIET_MILLIS = 50;

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

  /// Starts event loops on daemon threads named `name-…`; the caller ends them with
  /// [#endEventLoops].
  ///
  /// @param threads how many, at least 1
  public static MultiThreadIoEventLoopGroup newEventLoops(int threads, String name) {
    IoHandlerFactory io = epoll() ? SteadyEpoll.newFactory() : NioIoHandler.newFactory();
    return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory(name, true), io);
  }

  /// Ends event loops: closes the sockets that are open on them and runs what follows from that.
  ///
  /// Netty alone may not: a loop closes its sockets in the turn after it was asked to end, and one
  /// that is asked in the midst of its last tasks may find nothing more to do and take no such
  /// turn. What waited in pipelines and sessions is lost then. A loop that has had a hook to run
  /// takes another turn in any case.
  ///
  /// @param limit after which the loops stop even if new tasks keep coming
  /// @return is done when the threads are gone
  public static Future<?> endEventLoops(EventLoopGroup loops, Duration limit) {
    for (EventExecutor loop : loops) {
      if (loop instanceof SingleThreadEventExecutor executor && !executor.isShuttingDown()) {
        try {
          executor.addShutdownHook(() -> {});
        } catch (RejectedExecutionException _) {
          // It has ended meanwhile.
        }
      }
    }
    long limitMillis = Math.max(limit.toMillis(), QUIET_MILLIS);
    return loops.shutdownGracefully(QUIET_MILLIS, limitMillis, MILLISECONDS);
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

  /// The channel type of a connected Unix socket.
  public static Class<? extends DuplexChannel> unixSocketChannel() {
    return epoll() ? EpollDomainSocketChannel.class : NioDomainSocketChannel.class;
  }

  /// The address as [#unixSocketChannel] wants it.
  public static SocketAddress unixAddress(UnixDomainSocketAddress address) {
    return epoll() ? new DomainSocketAddress(address.getPath().toFile()) : address;
  }

  /// The channel type of a UDP socket.
  public static Class<? extends DatagramChannel> datagramChannel() {
    return epoll() ? EpollDatagramChannel.class : NioDatagramChannel.class;
  }

  /// The channel type of a listening Unix socket.
  public static Class<? extends ServerChannel> serverUnixSocketChannel() {
    return epoll() ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
  }
}
