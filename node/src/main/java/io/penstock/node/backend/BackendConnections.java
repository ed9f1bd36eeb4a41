package io.penstock.node.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.ClientTls;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Opens connections to one backend and keeps the idle ones, each on the event loop of whoever
/// wants it.
///
/// A name with several addresses is tried address by address, because development servers listen on
/// either of the two loopbacks; the one that worked is tried first the next time.
public final class BackendConnections {

  /// What is under way to or from the backend when the other side does not take it, in each
  /// direction.
  public static final int WINDOW_BYTES = 256 * 1024;

  private static final int READ_BYTES = 64 * 1024;
  private static final int READS_PER_TURN = 4;

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private final BackendConfig config;
  private final @Nullable ClientTls tls;
  private final @Nullable ClientTls http2Tls;
  private final Dialer dialer;
  private final BackendAddresses addresses;
  private final Map<EventLoop, BackendLoop> loops = new ConcurrentHashMap<>();

  /// @throws SSLException when the trust cannot be set up
  public BackendConnections(BackendConfig config) throws SSLException {
    this.config = config;
    this.tls = tls(config, List.of());
    this.http2Tls = tls(config, List.of(ApplicationProtocolNames.HTTP_2));
    this.dialer = this::dialSocket;
    this.addresses = new BackendAddresses(config.address());
  }

  /// Connections that somebody else opens, none of which is kept.
  ///
  /// @param config whose address is not looked at
  public BackendConnections(BackendConfig config, Dialer dialer) {
    this.config = config;
    this.tls = null;
    this.http2Tls = null;
    this.dialer = dialer;
    this.addresses = new BackendAddresses(config.address());
  }

  /// Opens a connection.
  @FunctionalInterface
  public interface Dialer {

    /// Connects, with `last` as the last handler of the channel.
    ///
    /// @param last sharable: it may be offered to several channels, one after the other
    /// @param opened is completed on its own loop
    void dial(EventLoop loop, ChannelHandler last, Promise<Channel> opened);
  }

  private static @Nullable ClientTls tls(BackendConfig config, List<String> protocols)
      throws SSLException {
    return config.tls().isPresent() ? ClientTls.of(config.tls().get().trust(), protocols) : null;
  }

  /// What the exchanges of one loop share; to be used on it.
  BackendLoop on(EventLoop loop) {
    BackendLoop known = loops.get(loop);
    return known != null
        ? known
        : loops.computeIfAbsent(loop, l -> new BackendLoop(l, config, this));
  }

  /// Connects, with `last` as the last handler of the channel.
  ///
  /// @param last sharable: it is offered to each channel that is tried
  /// @param opened belongs to the loop of the connection and is completed on it
  public void open(EventLoop loop, ChannelHandler last, Promise<Channel> opened) {
    dialer.dial(loop, last, opened);
  }

  /// Connects for HTTP/2, which over TLS the backend has to select.
  void openHttp2(EventLoop loop, ChannelHandler last, Promise<Channel> opened) {
    dial(new Attempt(loop, last, http2Tls, opened, List.of(), 0));
  }

  private void dialSocket(EventLoop loop, ChannelHandler last, Promise<Channel> opened) {
    dial(new Attempt(loop, last, tls, opened, List.of(), 0));
  }

  private void dial(Attempt attempt) {
    Promise<Channel> opened = attempt.opened();
    Future<List<SocketAddress>> found = addresses.find(attempt.loop());
    found.addListener(
        (Future<List<SocketAddress>> result) -> {
          if (result.isSuccess()) {
            tryNext(attempt.withAddresses(result.getNow()));
          } else {
            opened.tryFailure(result.cause());
          }
        });
  }

  private record Attempt(
      EventLoop loop,
      ChannelHandler last,
      @Nullable ClientTls tls,
      Promise<Channel> opened,
      List<SocketAddress> addresses,
      int index) {

    SocketAddress address() {
      return addresses.get(index);
    }

    Attempt withAddresses(List<SocketAddress> found) {
      return new Attempt(loop, last, tls, opened, found, 0);
    }

    boolean isLast() {
      return index == addresses.size() - 1;
    }

    Attempt next() {
      return new Attempt(loop, last, tls, opened, addresses, index + 1);
    }
  }

  private void tryNext(Attempt attempt) {
    if (attempt.addresses().isEmpty()) {
      attempt.opened().tryFailure(new UnknownHostException(config.address().toString()));
      return;
    }
    ChannelFuture connecting = bootstrap(attempt).connect(attempt.address());
    connecting.addListener(
        _ -> {
          if (connecting.isSuccess()) {
            addresses.worked(attempt.address());
            attempt.opened().trySuccess(connecting.channel());
          } else if (attempt.isLast()) {
            attempt.opened().tryFailure(connecting.cause());
          } else {
            tryNext(attempt.next());
          }
        });
  }

  private Bootstrap bootstrap(Attempt attempt) {
    boolean unix = config.address() instanceof UnixDomainSocketAddress;
    Bootstrap bootstrap =
        new Bootstrap()
            .group(attempt.loop())
            .channel(unix ? NativeSupport.unixSocketChannel() : NativeSupport.socketChannel())
            .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis())
            .option(ChannelOption.AUTO_READ, false)
            // A backend that refuses an upload answers and closes; the answer is still to be read
            // when the next write fails.
            .option(ChannelOption.AUTO_CLOSE, false)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(512, 2048, READ_BYTES)
                    .maxMessagesPerRead(READS_PER_TURN))
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    addTls(channel, attempt.tls());
                    channel.pipeline().addLast(attempt.last());
                  }
                });
    return unix ? bootstrap : bootstrap.option(ChannelOption.TCP_NODELAY, true);
  }

  private void addTls(Channel channel, @Nullable ClientTls with) {
    if (with != null && config.address() instanceof InetSocketAddress inet) {
      String name = config.tls().map(BackendConfig.Tls::serverName).orElseGet(inet::getHostString);
      channel
          .pipeline()
          .addLast(with.handler(channel.alloc(), name, inet.getPort(), config.connectTimeout()));
    }
  }

  private int connectMillis() {
    return (int) Math.min(Integer.MAX_VALUE, Math.max(1, config.connectTimeout().toMillis()));
  }
}
