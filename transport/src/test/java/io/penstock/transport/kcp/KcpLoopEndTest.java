package io.penstock.transport.kcp;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.ReferenceCountUtil;
import io.penstock.protocol.kcp.KcpCloseReason;
import io.penstock.protocol.kcp.KcpConfig;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Sessions that linger when their event loop ends, with no quiet time and from one of its own
/// tasks: the end that leaves Netty no turn in which to close the sockets.
class KcpLoopEndTest {

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);

  static Stream<IoHandlerFactory> transports() {
    List<IoHandlerFactory> all = new ArrayList<>();
    all.add(NioIoHandler.newFactory());
    if (Epoll.isAvailable()) {
      all.add(EpollIoHandler.newFactory());
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("transports")
  void a_client_that_cannot_finish_its_linger_gives_everything_back(IoHandlerFactory io)
      throws Exception {
    try (var silent = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      EventLoop loop = newLoop(io);
      Channel client = connect(loop, (InetSocketAddress) silent.getLocalSocketAddress());

      closeWithUnacknowledgedBytes(client);
      end(loop);

      assertThat(((KcpChannel) client).closeReason()).contains(KcpCloseReason.SOCKET_CLOSED);
      assertNothingHeld();
    }
  }

  @ParameterizedTest
  @MethodSource("transports")
  void a_server_gives_back_what_its_lingering_and_its_open_sessions_hold(IoHandlerFactory io)
      throws Exception {
    EventLoop clients = newLoop(io);
    EventLoop servers = newLoop(io);
    Queue<Channel> accepted = new ConcurrentLinkedQueue<>();
    Channel server = listen(servers, accepted);
    InetSocketAddress address = (InetSocketAddress) server.localAddress();
    for (int opened = 1; opened <= 2; opened++) {
      int count = opened;
      connect(clients, address).writeAndFlush(Unpooled.wrappedBuffer(new byte[10]));
      await().until(() -> accepted.size() == count);
    }
    end(clients);
    Channel lingering = accepted.remove();
    Channel open = accepted.remove();

    closeWithUnacknowledgedBytes(lingering);
    open.writeAndFlush(Unpooled.wrappedBuffer(new byte[5_000])).syncUninterruptibly();
    end(servers);

    assertThat(((KcpChannel) lingering).closeReason()).contains(KcpCloseReason.SOCKET_CLOSED);
    assertThat(((KcpChannel) open).closeReason()).contains(KcpCloseReason.SOCKET_CLOSED);
    assertThat(open.isOpen()).isFalse();
    assertThat(server.isOpen()).isFalse();
    assertNothingHeld();
  }

  // ---- fixtures ----

  private static EventLoop newLoop(IoHandlerFactory io) {
    return new MultiThreadIoEventLoopGroup(1, io).next();
  }

  private static void end(EventLoop loop) {
    loop.execute(() -> loop.shutdownGracefully(0, 0, SECONDS));
    assertThat(loop.terminationFuture().awaitUninterruptibly(20, SECONDS)).isTrue();
  }

  private void closeWithUnacknowledgedBytes(Channel channel) {
    channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[5_000])).syncUninterruptibly();
    channel.close().syncUninterruptibly();
    assertThat(((KcpChannel) channel).closeReason()).isEmpty();
    assertThat(heldBytes()).isPositive();
  }

  private void assertNothingHeld() {
    assertThat(heldBytes()).isZero();
  }

  private long heldBytes() {
    return allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory();
  }

  private Channel connect(EventLoop loop, InetSocketAddress address) {
    return new Bootstrap()
        .group(loop)
        .channelFactory(KcpChannel.factory(KcpConfig.defaults()))
        .option(ChannelOption.ALLOCATOR, allocator)
        .handler(new Silent())
        .connect(address)
        .syncUninterruptibly()
        .channel();
  }

  private Channel listen(EventLoop loop, Queue<Channel> accepted) {
    return new ServerBootstrap()
        .group(loop)
        .channelFactory(KcpServerChannel.factory(KcpConfig.defaults(), KcpServerLimits.defaults()))
        .option(ChannelOption.ALLOCATOR, allocator)
        .childOption(ChannelOption.ALLOCATOR, allocator)
        .childHandler(
            new ChannelInitializer<KcpChannel>() {
              @Override
              protected void initChannel(KcpChannel channel) {
                channel.markProven();
                channel.pipeline().addLast(new Silent());
                accepted.add(channel);
              }
            })
        .bind("127.0.0.1", 0)
        .syncUninterruptibly()
        .channel();
  }

  /// Takes no notice of anything.
  private static final class Silent extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ReferenceCountUtil.release(msg);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      assertThat(cause).isInstanceOf(KcpException.class);
    }
  }
}
