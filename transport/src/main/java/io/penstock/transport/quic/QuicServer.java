package io.penstock.transport.quic;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.handler.codec.quic.QuicChannelOption;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/// A QUIC listener: one UDP socket per event loop, all on one port.
///
/// The system spreads clients over the sockets by their address, and a connection stays on the
/// event loop of the socket that its first packet came through ([Steering] sees to that). A client
/// proves its address with a token before anything of its connection is made ([AddressTokens]);
/// beyond [QuicConfig#maxConnections] it is refused. Without epoll there is one socket on the first
/// loop.
///
/// Methods may be called from any thread but those of the event loops.
public final class QuicServer implements AutoCloseable {

  /// Exceeds the life of a token many times.
  private static final long KEY_PERIOD_NANOS = 3_600_000_000_000L;

  private final List<Channel> sockets;
  private final Steering steering;
  private final Admission admission;

  private QuicServer(List<Channel> sockets, Steering steering, Admission admission) {
    this.sockets = List.copyOf(sockets);
    this.steering = steering;
    this.admission = admission;
  }

  /// Opens the sockets.
  ///
  /// @param address where to listen; port 0 lets the system choose
  /// @param tls of [io.penstock.transport.tls.QuicTls#server]
  /// @throws IOException when a socket cannot be opened, with the address in its message
  public static QuicServer bind(
      EventLoopGroup loops,
      InetSocketAddress address,
      QuicSslContext tls,
      QuicConfig config,
      QuicHandlers handlers)
      throws IOException {
    refuseTaken(address);
    List<EventLoop> chosen = loopsWithSocket(loops);
    Steering steering = new Steering(chosen.size());
    Admission admission = new Admission(config);
    TokenKeys keys =
        new TokenKeys(KEY_PERIOD_NANOS, System.nanoTime(), new SecureRandom()::nextBytes);
    List<Channel> sockets = new ArrayList<>();
    InetSocketAddress where = address;
    for (EventLoop loop : chosen) {
      int number = sockets.size();
      var tokens = new AddressTokens(keys, config.tokenLifetime().toNanos(), System::nanoTime);
      QuicServerCodecBuilder codec =
          UdpSockets.configure(new QuicServerCodecBuilder(), config)
              .sslContext(tls)
              .activeConnectionIdLimit(UdpSockets.MAX_PATHS)
              .tokenHandler(tokens)
              .connectionIdAddressGenerator(steering.ids(number))
              .option(ChannelOption.ALLOCATOR, UdpSockets.ALLOCATOR)
              .option(
                  QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR, UdpSockets.segments(loop))
              .handler(admission.before(handlers.connection()))
              .streamHandler(handlers.stream());
      Bootstrap bootstrap =
          UdpSockets.bootstrap(loop, config).handler(pipeline(steering.lane(number), codec));
      if (UdpSockets.isEpoll(loop)) {
        bootstrap.option(UnixChannelOption.SO_REUSEPORT, true);
      }
      ChannelFuture bound = bootstrap.bind(where).awaitUninterruptibly();
      if (!bound.isSuccess()) {
        closeAll(sockets);
        throw new IOException("cannot listen for QUIC on " + where, bound.cause());
      }
      sockets.add(bound.channel());
      where = (InetSocketAddress) bound.channel().localAddress();
    }
    return new QuicServer(sockets, steering, admission);
  }

  /// Our sockets share their port with each other, and would with those of another process too,
  /// which would take half of the packets: so an ordinary socket has to find the port free.
  private static void refuseTaken(InetSocketAddress address) throws IOException {
    try {
      new DatagramSocket(address).close();
    } catch (SocketException e) {
      throw new IOException("cannot listen for QUIC on " + address + ": " + e.getMessage(), e);
    }
  }

  private static List<EventLoop> loopsWithSocket(EventLoopGroup loops) {
    List<EventLoop> chosen = new ArrayList<>();
    for (EventExecutor executor : loops) {
      if (executor instanceof EventLoop loop && chosen.size() < Steering.MAX_SOCKETS) {
        chosen.add(loop);
        if (!UdpSockets.isEpoll(loop)) {
          break;
        }
      }
    }
    return chosen;
  }

  private static ChannelHandler pipeline(Steering.Lane lane, QuicServerCodecBuilder codec) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel socket) {
        socket.pipeline().addLast(lane, codec.build());
      }
    };
  }

  /// Where it listens.
  public InetSocketAddress address() {
    return (InetSocketAddress) sockets.getFirst().localAddress();
  }

  /// How many sockets share the port.
  public int sockets() {
    return sockets.size();
  }

  /// How many connections there are, unestablished ones included.
  public int connections() {
    return admission.connections();
  }

  /// How many packets came through another socket than their connection's, since the start.
  public long steeredPackets() {
    return steering.steered();
  }

  /// Closes every connection, which its peer is told, and the sockets.
  @Override
  public void close() {
    admission.closeAll();
    closeAll(sockets);
  }

  private static void closeAll(List<Channel> sockets) {
    List<ChannelFuture> closing = sockets.stream().map(Channel::close).toList();
    closing.forEach(ChannelFuture::awaitUninterruptibly);
  }
}
