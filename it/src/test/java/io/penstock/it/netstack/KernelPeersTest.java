package io.penstock.it.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.NetworkThread;
import io.penstock.testkit.SeededRandom;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Programs of Linux that know nothing of us, with our stack on the other side: `nc`, `ping`, `ss`.
class KernelPeersTest {

  private static final int PORT = 7;
  private static final long LIMIT_SECONDS = 60;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "stack");
  private final byte[] ours = new SeededRandom(1).bytes(300_000);
  private final byte[] theirs = new SeededRandom(2).bytes(300_000);
  private KernelStack stack;

  @BeforeEach
  void begin() throws Exception {
    stack = KernelStack.start(loops.next(), TunConfig.builder().build());
  }

  @AfterEach
  void end() throws Exception {
    if (stack != null) {
      stack.close();
    }
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
  }

  // ---- nc ----

  /// Collects what comes, and tells when the peer has ended its stream.
  private static final class Collector extends ChannelInboundHandlerAdapter {

    final CompletableFuture<Channel> channel = new CompletableFuture<>();
    final CompletableFuture<byte[]> received = new CompletableFuture<>();
    private final ByteBuf bytes = Unpooled.buffer();

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      channel.complete(ctx.channel());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object read) {
      bytes.writeBytes((ByteBuf) read);
      ((ByteBuf) read).release();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (ChannelInputShutdownEvent.INSTANCE.equals(event)) {
        received.complete(ByteBufUtil.getBytes(bytes));
      }
    }
  }

  /// A connection with `nc`, whose end of it its input and output are.
  private record Netcat(Process program, Collector collector, Channel channel) {

    void send(byte[] bytes) throws Exception {
      try (OutputStream out = program.getOutputStream()) {
        out.write(bytes);
      }
    }

    /// Ends our half behind these bytes, without waiting for `nc`, which waits for its reader.
    void finishWith(byte[] bytes) {
      channel.writeAndFlush(Unpooled.wrappedBuffer(bytes));
      ((DuplexChannel) channel).shutdownOutput();
    }

    byte[] received() throws Exception {
      return collector.received.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }
  }

  private Netcat netcat(boolean ipv4, boolean listens) throws Exception {
    NetworkNamespace.requireProgram("nc");
    if (listens) {
      String port = "" + PORT;
      Process program =
          stack.kernel().start(new ProcessBuilder("nc", ipv4 ? "-4" : "-6", "-N", "-l", port));
      Collector connected = connect(ipv4);
      return new Netcat(program, connected, connected.channel.join());
    }
    Collector collector = new Collector();
    stack.serve(PORT, () -> List.<ChannelHandler>of(collector));
    Process program =
        stack
            .kernel()
            .start(new ProcessBuilder("nc", "-N", KernelStack.stackAddress(ipv4), "" + PORT));
    return new Netcat(program, collector, collector.channel.get(LIMIT_SECONDS, TimeUnit.SECONDS));
  }

  /// Until it listens the kernel refuses.
  private Collector connect(boolean ipv4) throws Exception {
    var to = new InetSocketAddress(KernelStack.kernelAddress(ipv4), PORT);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (true) {
      Collector collector = new Collector();
      if (stack.dialer(() -> List.of(collector)).connect(to).await().isSuccess()) {
        return collector;
      }
      assertThat(System.nanoTime() - end).as("time over the limit").isNegative();
    }
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void nc_ends_its_half_first_and_reads_what_comes_after(boolean ipv4, boolean listens)
      throws Exception {
    Netcat netcat = netcat(ipv4, listens);
    try {
      netcat.send(theirs);
      assertThat(netcat.received()).isEqualTo(theirs);

      netcat.finishWith(ours);

      assertThat(netcat.program.getInputStream().readAllBytes()).isEqualTo(ours);
      assertThat(netcat.program.waitFor()).isZero();
    } finally {
      netcat.program.destroyForcibly();
    }
  }

  /// An `nc` that listens gives up when our stream ends, so here it connects.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void our_half_ends_first_and_what_nc_sends_after_is_read(boolean ipv4) throws Exception {
    Netcat netcat = netcat(ipv4, false);
    try {
      netcat.finishWith(ours);
      assertThat(netcat.program.getInputStream().readNBytes(ours.length)).isEqualTo(ours);

      netcat.send(theirs);

      assertThat(netcat.received()).isEqualTo(theirs);
      assertThat(netcat.program.waitFor()).isZero();
    } finally {
      netcat.program.destroyForcibly();
    }
  }

  // ---- ping ----

  @ParameterizedTest
  @ValueSource(ints = {0, 56, 1452, 1472, 1473, 8_000, 20_000, 60_000})
  void pings_of_all_sizes_are_answered_in_fragments_if_need_be(int bytes) throws Exception {
    ping(KernelStack.STACK_4, bytes);
    ping(KernelStack.STACK_6, bytes);
  }

  private void ping(String address, int bytes) throws Exception {
    // With -w it ends with the third answer, however slow the machine is.
    String command = "ping -n -c 3 -i 0.05 -w 60 -s " + bytes + " " + address;
    NetworkThread.Result result = stack.kernel().execute(List.of(command.split(" ", -1)));
    assertThat(result.status()).as(result.output()).isZero();
    assertThat(result.output()).doesNotContain("wrong");
  }

  // ---- ss ----

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void the_kernel_uses_window_scaling_timestamps_and_sack_with_us(boolean ipv4, boolean listens)
      throws Exception {
    NetworkNamespace.requireProgram("ss");
    Netcat netcat = netcat(ipv4, listens);
    try {
      netcat.channel.writeAndFlush(Unpooled.wrappedBuffer(ours));
      assertThat(netcat.program.getInputStream().readNBytes(ours.length)).isEqualTo(ours);

      NetworkThread.Result said =
          stack.kernel().execute(List.of("ss", "-tinoH", "state", "established"));

      assertThat(said.output().lines()).hasSize(2);
      assertThat(said.output())
          .contains(KernelStack.stackAddress(ipv4))
          .containsPattern("\\bts sack\\b")
          .containsPattern("\\bwscale:7,\\d+");
    } finally {
      netcat.program.destroyForcibly();
    }
  }
}
