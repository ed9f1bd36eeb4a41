package io.penstock.node.agent.app;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.relay.FarEnd;
import io.penstock.transport.tls.ClientTls;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Opens connections to the local app and keeps the idle ones, each on the event loop of the stream
/// that it serves.
///
/// A name with several addresses is tried address by address, because development servers listen on
/// either of the two loopbacks; the one that worked is tried first the next time.
final class AppConnections {

  /// What is under way to or from the app when the other side does not take it, in each direction.
  static final int WINDOW_BYTES = 256 * 1024;

  private static final int READ_BYTES = 64 * 1024;
  private static final int READS_PER_TURN = 4;

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private final AppConfig config;
  private final @Nullable ClientTls tls;
  private final AppAddresses addresses;
  private final AppHeadWriter heads;
  private final Map<EventLoop, AppLoop> loops = new ConcurrentHashMap<>();

  AppConnections(AppConfig config) throws SSLException {
    this.config = config;
    this.tls = config.secure() ? ClientTls.of(config.trust(), List.of()) : null;
    this.addresses = new AppAddresses(config.target().getHost(), config.port());
    this.heads = new AppHeadWriter(config);
  }

  /// Writes the heads of requests to this app.
  AppHeadWriter heads() {
    return heads;
  }

  /// What the streams of one loop share; to be used on it.
  AppLoop on(EventLoop loop) {
    AppLoop known = loops.get(loop);
    return known != null ? known : loops.computeIfAbsent(loop, l -> new AppLoop(l, config));
  }

  /// Connects and gives the channel to `far`.
  ///
  /// The promise belongs to the loop of the connection and is completed on it.
  void open(EventLoop loop, FarEnd far, Promise<Channel> opened) {
    Future<List<InetSocketAddress>> found = addresses.find(loop);
    found.addListener(
        (Future<List<InetSocketAddress>> result) -> {
          if (result.isSuccess()) {
            tryNext(new Attempt(loop, far, opened, result.getNow(), 0));
          } else {
            opened.tryFailure(result.cause());
          }
        });
  }

  private record Attempt(
      EventLoop loop,
      FarEnd far,
      Promise<Channel> opened,
      List<InetSocketAddress> addresses,
      int index) {

    InetSocketAddress address() {
      return addresses.get(index);
    }

    boolean isLast() {
      return index == addresses.size() - 1;
    }

    Attempt next() {
      return new Attempt(loop, far, opened, addresses, index + 1);
    }
  }

  private void tryNext(Attempt attempt) {
    if (attempt.addresses().isEmpty()) {
      attempt.opened().tryFailure(new UnknownHostException(config.target().getHost()));
      return;
    }
    var connecting = bootstrap(attempt).connect(attempt.address());
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
    return new Bootstrap()
        .group(attempt.loop())
        .channel(NativeSupport.socketChannel())
        .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis())
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.AUTO_READ, false)
        // An app that refuses an upload answers and closes; the answer is still to be read when the
        // next write fails.
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
                if (tls != null) {
                  String host = config.target().getHost();
                  channel
                      .pipeline()
                      .addLast(
                          tls.handler(
                              channel.alloc(), host, config.port(), config.connectTimeout()));
                }
                channel.pipeline().addLast(attempt.far());
              }
            });
  }

  private int connectMillis() {
    return (int) Math.min(Integer.MAX_VALUE, Math.max(1, config.connectTimeout().toMillis()));
  }
}
