package io.penstock.it.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.testkit.SeededRandom;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.netstack.DeviceLink;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.SocketAddresses;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunOffload;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Connections between sockets of the Linux kernel and our own stack, over a TUN device.
class NetstackKernelTest {

  private static final int BYTES = 8 << 20;
  private static final int PORT = 7;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "stack");
  private final byte[] data = new SeededRandom(1).bytes(BYTES);
  private NetworkNamespace kernel;
  private @Nullable NetStackDriver stack;

  @BeforeEach
  void begin() throws Exception {
    kernel = NetworkNamespace.create();
  }

  @AfterEach
  void end() throws Exception {
    if (stack != null) {
      stack.close().await();
    }
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
    if (kernel != null) {
      kernel.close();
    }
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

  private void serve(TunOffload offload) throws Exception {
    TunConfig config = TunConfig.builder().offload(offload).build();
    DeviceLink link =
        new DeviceLink(
            loops.next(),
            kernel.tun(config, "10.77.0.1/24", "fd77::1/64"),
            config,
            PooledByteBufAllocator.DEFAULT);
    NetStackDriver started = NetStackDriver.start(link, NetStackConfig.defaults());
    stack = started;
    address(started, "10.77.0.2", 24);
    address(started, "fd77::2", 64);
    new ServerBootstrap()
        .group(started.eventLoop())
        .channelFactory(started.serverChannels())
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new Mirror());
              }
            })
        .bind(new InetSocketAddress(PORT))
        .sync();
  }

  private static void address(NetStackDriver to, String text, int prefix) throws Exception {
    to.addAddress(SocketAddresses.endpoint(new InetSocketAddress(text, 0)), prefix).sync();
  }

  @ParameterizedTest
  @CsvSource({"10.77.0.2, TCP", "fd77::2, TCP", "10.77.0.2, NONE", "fd77::2, TCP_AND_UDP"})
  void bytes_go_up_and_come_down_exact_and_each_end_closes_its_half(String to, TunOffload offload)
      throws Exception {
    serve(offload);
    try (Socket socket = kernel.call(() -> new Socket(to, PORT))) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(data);
      socket.shutdownOutput();
      InputStream in = socket.getInputStream();

      assertThat(in.readNBytes(BYTES)).isEqualTo(data);
      assertThat(in.read()).isEqualTo(-1);
    }
  }
}
