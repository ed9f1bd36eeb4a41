package io.penstock.it.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.testkit.SeededRandom;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunOffload;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Connections between sockets of the Linux kernel and our own stack, over a TUN device.
class NetstackKernelTest {

  private static final int BYTES = 8 << 20;
  private static final int LOSSY_BYTES = 2 << 20;
  private static final int PORT = 7;
  private static final int LIMIT_MILLIS = 100_000;
  private static final double LOSS = 0.02;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "stack");
  private final byte[] data = new SeededRandom(1).bytes(BYTES);
  private @Nullable KernelStack stack;

  @AfterEach
  void end() throws Exception {
    if (stack != null) {
      stack.close();
    }
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
  }

  private KernelStack start(TunOffload offload) throws Exception {
    TunConfig config = TunConfig.builder().offload(offload).build();
    KernelStack started = KernelStack.start(loops.next(), config);
    stack = started;
    return started;
  }

  /// Takes all that comes, and answers its end with the same bytes.
  private static final class Mirror extends ChannelInboundHandlerAdapter {

    private final ByteBuf received = Unpooled.buffer(BYTES);

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      received.writeBytes((ByteBuf) msg);
      ((ByteBuf) msg).release();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (ChannelInputShutdownEvent.INSTANCE.equals(event)) {
        ctx.writeAndFlush(received);
        ((DuplexChannel) ctx.channel()).shutdownOutput();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"true, TCP", "false, TCP", "true, NONE", "false, TCP_AND_UDP"})
  void bytes_go_up_and_come_down_exact_and_each_end_closes_its_half(
      boolean ipv4, TunOffload offload) throws Exception {
    KernelStack started = start(offload);
    started.serve(PORT, () -> List.of(new Mirror()));

    exchange(started, ipv4, data);
  }

  private static void exchange(KernelStack started, boolean ipv4, byte[] bytes) throws Exception {
    String to = KernelStack.stackAddress(ipv4);
    try (Socket socket = started.kernel().call(() -> new Socket(to, PORT))) {
      socket.setSoTimeout(LIMIT_MILLIS);
      socket.getOutputStream().write(bytes);
      socket.shutdownOutput();
      InputStream in = socket.getInputStream();

      assertThat(in.readNBytes(bytes.length)).isEqualTo(bytes);
      assertThat(in.read()).isEqualTo(-1);
    }
  }

  /// Sends bytes and ends its half, and tells what comes.
  private static final class Sender extends ChannelInboundHandlerAdapter {

    final CompletableFuture<byte[]> answer = new CompletableFuture<>();
    private final byte[] bytes;
    private final ByteBuf received = Unpooled.buffer();

    Sender(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.writeAndFlush(Unpooled.wrappedBuffer(bytes));
      ((DuplexChannel) ctx.channel()).shutdownOutput();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      received.writeBytes((ByteBuf) msg);
      ((ByteBuf) msg).release();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (ChannelInputShutdownEvent.INSTANCE.equals(event)) {
        answer.complete(ByteBufUtil.getBytes(received));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"true, TCP", "false, TCP", "true, NONE", "false, TCP_AND_UDP"})
  void a_connection_that_we_begin_carries_the_same_and_our_half_may_end_first(
      boolean ipv4, TunOffload offload) throws Exception {
    KernelStack started = start(offload);
    InetAddress at = InetAddress.getByName(KernelStack.kernelAddress(ipv4));
    try (ServerSocket server = started.kernel().call(() -> new ServerSocket(PORT, 1, at))) {
      Sender sender = new Sender(data);
      started.dialer(() -> List.of(sender)).connect(new InetSocketAddress(at, PORT)).sync();
      try (Socket socket = server.accept()) {
        socket.setSoTimeout(LIMIT_MILLIS);

        assertThat(socket.getInputStream().readAllBytes()).isEqualTo(data);
        socket.getOutputStream().write(data);
        socket.shutdownOutput();
        assertThat(sender.answer.get(LIMIT_MILLIS, TimeUnit.MILLISECONDS)).isEqualTo(data);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void bytes_are_exact_when_packets_are_lost_both_ways(boolean ipv4) throws Exception {
    TunConfig config = TunConfig.builder().offload(TunOffload.NONE).build();
    KernelStack started =
        KernelStack.start(
            loops.next(),
            config,
            NetStackConfig.defaults(),
            link -> new LossyLink(link, LOSS, ipv4 ? 4 : 6));
    stack = started;
    started.serve(PORT, () -> List.of(new Mirror()));

    exchange(started, ipv4, new SeededRandom(2).bytes(LOSSY_BYTES));

    assertThat(started.<Long>ask(engine -> engine.tcp().counters().retransmissions())).isPositive();
    assertThat(started.kernel().execute(List.of("nstat", "-az", "TcpRetransSegs")).output())
        .containsPattern("TcpRetransSegs +[1-9]");
  }
}
