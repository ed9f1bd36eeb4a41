package io.penstock.it.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.ResourceLeakDetector;
import io.penstock.testkit.SeededRandom;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Five thousand connections at once between the kernel and our stack, each of which carries bytes
/// of its own in both directions.
class KernelManyConnectionsTest {

  private static final int CONNECTIONS = 5_000;
  private static final int BYTES = 2_000;
  private static final int PORT = 7;
  private static final long LIMIT_SECONDS = 100;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "stack");
  private final ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
  private KernelStack stack;

  @BeforeEach
  void begin() throws Exception {
    // To watch every buffer of so many takes long; other tests do that.
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    stack = KernelStack.start(loops.next(), TunConfig.builder().build());
    // Where all write at once the device's queue of 500 packets overflows, and the kernel's timers
    // take minutes to repair that.
    stack.kernel().ip("link set " + stack.device().name() + " txqueuelen " + 4 * CONNECTIONS);
    stack
        .kernel()
        .call(() -> Files.writeString(Path.of("/proc/sys/net/core/somaxconn"), "" + CONNECTIONS));
  }

  @AfterEach
  void end() throws Exception {
    if (stack != null) {
      stack.close();
    }
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
    ResourceLeakDetector.setLevel(level);
  }

  private static byte[] bytesOf(int connection) {
    return new SeededRandom(connection).bytes(BYTES);
  }

  /// Sends back what comes.
  private static final class Echo extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) {
      ctx.writeAndFlush(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void the_kernel_begins_them_and_each_gets_its_own_bytes_back(boolean ipv4) throws Exception {
    stack.serve(PORT, () -> List.of(new Echo()));
    var to = new InetSocketAddress(KernelStack.stackAddress(ipv4), PORT);
    List<SocketChannel> sockets = new ArrayList<>();
    try {
      stack
          .kernel()
          .call(
              () -> {
                for (int i = 0; i < CONNECTIONS; i++) {
                  sockets.add(SocketChannel.open(to));
                }
                return true;
              });
      assertThat(stack.<Integer>ask(engine -> engine.tcp().connectionCount()))
          .isEqualTo(CONNECTIONS);

      for (int i = 0; i < CONNECTIONS; i++) {
        assertThat(sockets.get(i).write(ByteBuffer.wrap(bytesOf(i)))).isEqualTo(BYTES);
      }
      for (int i = 0; i < CONNECTIONS; i++) {
        assertThat(sockets.get(i).socket().getInputStream().readNBytes(BYTES))
            .isEqualTo(bytesOf(i));
      }
    } finally {
      for (SocketChannel socket : sockets) {
        socket.close();
      }
    }
  }

  /// Collects the bytes of one connection.
  private static final class Collector extends ChannelInboundHandlerAdapter {

    final CompletableFuture<byte[]> received = new CompletableFuture<>();
    private final ByteBuf bytes = Unpooled.buffer(BYTES);

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object read) {
      bytes.writeBytes((ByteBuf) read);
      ((ByteBuf) read).release();
      if (bytes.readableBytes() >= BYTES) {
        received.complete(ByteBufUtil.getBytes(bytes));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void we_begin_them_and_each_gets_its_own_bytes_back(boolean ipv4) throws Exception {
    var to = new InetSocketAddress(KernelStack.kernelAddress(ipv4), PORT);
    try (ServerSocketChannel listener = stack.kernel().call(ServerSocketChannel::open)) {
      listener.bind(to, CONNECTIONS);
      List<ChannelFuture> connecting = new ArrayList<>();
      List<Collector> collectors = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        Collector collector = new Collector();
        collectors.add(collector);
        connecting.add(stack.dialer(() -> List.of(collector)).connect(to));
      }
      List<SocketChannel> accepted = new ArrayList<>();
      try {
        while (accepted.size() < CONNECTIONS) {
          accepted.add(listener.accept());
        }
        for (ChannelFuture future : connecting) {
          future.sync();
        }
        assertThat(stack.<Integer>ask(engine -> engine.tcp().connectionCount()))
            .isEqualTo(CONNECTIONS);

        for (int i = 0; i < CONNECTIONS; i++) {
          connecting.get(i).channel().writeAndFlush(Unpooled.wrappedBuffer(bytesOf(i)));
        }
        for (SocketChannel socket : accepted) {
          byte[] came = socket.socket().getInputStream().readNBytes(BYTES);
          assertThat(socket.write(ByteBuffer.wrap(came))).isEqualTo(BYTES);
        }
        for (int i = 0; i < CONNECTIONS; i++) {
          assertThat(collectors.get(i).received.get(LIMIT_SECONDS, TimeUnit.SECONDS))
              .isEqualTo(bytesOf(i));
        }
      } finally {
        for (SocketChannel socket : accepted) {
          socket.close();
        }
      }
    }
  }
}
