package io.penstock.transport.kcp;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.penstock.protocol.kcp.KcpCloseReason;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// Real UDP on the loopback interface, with the selector of the JDK and with epoll.
@ParameterizedClass
@MethodSource("transports")
class KcpLoopbackTest {

  private final MultiThreadIoEventLoopGroup loops;

  KcpLoopbackTest(String name, IoHandlerFactory io) {
    assertThat(name).isNotEmpty();
    loops = new MultiThreadIoEventLoopGroup(2, io);
  }

  static Stream<Object[]> transports() {
    List<Object[]> all = new ArrayList<>();
    all.add(new Object[] {"nio", NioIoHandler.newFactory()});
    if (Epoll.isAvailable()) {
      all.add(new Object[] {"epoll", EpollIoHandler.newFactory()});
    }
    return all.stream();
  }

  /// Without a quiet period Netty may end a loop before it has closed the channels on it.
  @AfterEach
  void stopLoops() {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  @Test
  void what_is_written_comes_back_from_an_echo() {
    byte[] sent = randomBytes(3_000_000);
    Channel server = listen(KcpServerLimits.defaults(), proven(new Echo()));
    Collector collector = new Collector(sent.length);

    Channel client = connect(server, collector);
    var _ = client.writeAndFlush(Unpooled.wrappedBuffer(sent));

    assertThat(collector.whole).succeedsWithin(20, SECONDS).isEqualTo(sent);
    close(client, server);
  }

  @Test
  void a_child_that_is_not_proven_still_echoes_more_than_its_allowance() {
    byte[] sent = randomBytes(200_000);
    Channel server = listen(KcpServerLimits.defaults(), new Echo());
    Collector collector = new Collector(sent.length);

    Channel client = connect(server, collector);
    var _ = client.writeAndFlush(Unpooled.wrappedBuffer(sent));

    assertThat(collector.whole).succeedsWithin(20, SECONDS).isEqualTo(sent);
    close(client, server);
  }

  @Test
  void what_was_written_before_a_close_still_arrives() {
    byte[] sent = randomBytes(100_000);
    Collector collector = new Collector(sent.length);
    Channel server = listen(KcpServerLimits.defaults(), proven(collector));

    Channel client = connect(server, new ChannelInboundHandlerAdapter());
    client.writeAndFlush(Unpooled.wrappedBuffer(sent)).syncUninterruptibly();
    client.close().syncUninterruptibly();

    assertThat(collector.whole).succeedsWithin(20, SECONDS).isEqualTo(sent);
    await()
        .untilAsserted(
            () -> assertThat(((KcpChannel) client).closeReason()).contains(KcpCloseReason.CLOSED));
    close(server);
  }

  @Test
  void nobody_at_the_address_ends_the_channel_with_a_reason() {
    Channel server = listen(KcpServerLimits.defaults(), new Echo());
    InetSocketAddress free = (InetSocketAddress) server.localAddress();
    server.close().syncUninterruptibly();
    Failures failures = new Failures();

    Channel client = connect(free, failures);
    var _ = client.writeAndFlush(Unpooled.wrappedBuffer(new byte[10]));

    assertThat(client.closeFuture().awaitUninterruptibly(10_000)).isTrue();
    assertThat(failures.seen)
        .singleElement()
        .isInstanceOfSatisfying(
            KcpException.class, e -> assertThat(e.reason()).isEqualTo(KcpCloseReason.UNREACHABLE));
  }

  @Test
  void a_child_on_another_event_loop_is_refused() {
    Channel server =
        new ServerBootstrap()
            .group(loops.next(), loops.next())
            .channelFactory(
                KcpServerChannel.factory(KcpConfig.defaults(), KcpServerLimits.defaults()))
            .childHandler(new Echo())
            .bind("127.0.0.1", 0)
            .syncUninterruptibly()
            .channel();
    Channel client = connect(server, new ChannelInboundHandlerAdapter());
    var _ = client.writeAndFlush(Unpooled.wrappedBuffer(new byte[10]));

    KcpServerChannel kcp = (KcpServerChannel) server;
    await().until(() -> kcp.dropped(KcpDrop.NOT_ACCEPTING) > 0);
    close(client, server);
  }

  @Test
  void a_server_that_is_closed_lets_its_conversations_finish() {
    byte[] sent = randomBytes(50_000);
    Channel server = listen(KcpServerLimits.defaults(), proven(new Echo()));
    Collector collector = new Collector(sent.length);
    Channel client = connect(server, collector);
    var _ = client.writeAndFlush(Unpooled.wrappedBuffer(sent, 0, 1000));
    await().until(() -> collector.received() == 1000);

    server.close().syncUninterruptibly();
    var _ = client.writeAndFlush(Unpooled.wrappedBuffer(sent, 1000, sent.length - 1000));

    assertThat(collector.whole).succeedsWithin(20, SECONDS).isEqualTo(sent);
    close(client);
  }

  @Test
  void binding_a_port_in_use_fails() {
    Channel server = listen(KcpServerLimits.defaults(), new Echo());
    int port = ((InetSocketAddress) server.localAddress()).getPort();

    assertThatThrownBy(
            () ->
                new ServerBootstrap()
                    .group(loops.next())
                    .channelFactory(
                        KcpServerChannel.factory(KcpConfig.defaults(), KcpServerLimits.defaults()))
                    .childHandler(new Echo())
                    .bind("127.0.0.1", port)
                    .syncUninterruptibly())
        .isInstanceOf(IOException.class);
    close(server);
  }

  // ---- fixtures ----

  private Channel listen(KcpServerLimits limits, ChannelHandler child) {
    EventLoop loop = loops.next();
    return new ServerBootstrap()
        .group(loop)
        .channelFactory(KcpServerChannel.factory(KcpConfig.defaults(), limits))
        .childHandler(child)
        .bind("127.0.0.1", 0)
        .syncUninterruptibly()
        .channel();
  }

  private Channel connect(Channel server, ChannelHandler handler) {
    return connect((InetSocketAddress) server.localAddress(), handler);
  }

  private Channel connect(InetSocketAddress address, ChannelHandler handler) {
    return new Bootstrap()
        .group(loops)
        .channelFactory(KcpChannel.factory(KcpConfig.defaults()))
        .handler(handler)
        .connect(address)
        .syncUninterruptibly()
        .channel();
  }

  private static void close(Channel... channels) {
    for (Channel channel : channels) {
      channel.close().syncUninterruptibly();
    }
  }

  private static byte[] randomBytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static ChannelHandler proven(ChannelHandler handler) {
    return new ChannelInitializer<KcpChannel>() {
      @Override
      protected void initChannel(KcpChannel channel) {
        channel.markAdmitted();
        channel.pipeline().addLast(handler);
      }
    };
  }

  private static final class Failures extends ChannelInboundHandlerAdapter {
    private final Queue<Throwable> seen = new ConcurrentLinkedQueue<>();

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      seen.add(cause);
    }
  }

  private static final class Collector extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private final byte[] bytes;
    private final AtomicInteger length = new AtomicInteger();

    Collector(int expected) {
      bytes = new byte[expected];
    }

    int received() {
      return length.get();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ByteBuf buf = (ByteBuf) msg;
      int count = buf.readableBytes();
      buf.readBytes(bytes, length.get(), count);
      buf.release();
      if (length.addAndGet(count) == bytes.length) {
        whole.complete(bytes.clone());
      }
    }
  }
}
