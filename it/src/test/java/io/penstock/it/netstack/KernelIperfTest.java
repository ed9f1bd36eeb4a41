package io.penstock.it.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.NetworkThread;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.relay.ByteRelay;
import io.penstock.transport.tun.TunConfig;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `iperf3` on both ends and two stacks of ours between them: one takes the client's connections,
/// the other begins those to the server.
class KernelIperfTest {

  private static final int PORT = 5201;

  /// What the receiver has, of the last line that sums up.
  private static final Pattern RECEIVED =
      Pattern.compile("([\\d.]+) MBytes +([\\d.]+) Mbits/sec +receiver");

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "stack");
  private KernelStack left;
  private KernelStack right;
  private Process server;

  @BeforeEach
  void begin() throws Exception {
    NetworkNamespace.requireProgram("iperf3");
    left = KernelStack.start(loops.next(), TunConfig.builder().build());
    right = KernelStack.start(loops.next(), TunConfig.builder().build());
    server =
        right
            .kernel()
            .start(
                new ProcessBuilder("iperf3", "-s", "-1", "--forceflush").redirectErrorStream(true));
    String line = server.inputReader().readLine();
    while (!line.contains("listening")) {
      line = server.inputReader().readLine();
    }
  }

  @AfterEach
  void end() throws Exception {
    if (server != null) {
      server.destroyForcibly().waitFor();
    }
    for (KernelStack stack : Arrays.asList(left, right)) {
      if (stack != null) {
        stack.close();
      }
    }
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
  }

  /// Connects each channel that comes to the server, and joins the two.
  private static final class Forwarder extends ChannelInboundHandlerAdapter {

    private final Bootstrap onward;

    Forwarder(Bootstrap onward) {
      this.onward = onward;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      ctx.channel().config().setAutoRead(false);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ChannelFuture connected = onward.connect();
      connected.addListener(
          done -> {
            if (done.isSuccess()) {
              ByteRelay.join(ctx.channel(), connected.channel());
            } else {
              ctx.close();
            }
          });
    }
  }

  private void relay(boolean ipv4) throws Exception {
    Bootstrap onward =
        right
            .dialer(List::of)
            .option(ChannelOption.AUTO_READ, false)
            .remoteAddress(new InetSocketAddress(KernelStack.kernelAddress(ipv4), PORT));
    left.serve(PORT, () -> List.of(new Forwarder(onward)));
  }

  @ParameterizedTest
  @CsvSource({"true, -P 1", "true, -R", "false, -P 4", "false, -R -P 4"})
  void iperf3_moves_bytes_through_both(boolean ipv4, String how) throws Exception {
    relay(ipv4);
    String to = KernelStack.stackAddress(ipv4);
    List<String> command =
        Stream.of("iperf3 -c %s -t 2 -f m -i 0 %s".formatted(to, how).split(" ", -1)).toList();

    NetworkThread.Result result = left.kernel().execute(command);

    assertThat(result.status()).as(result.output()).isZero();
    Matcher received = RECEIVED.matcher(result.output());
    assertThat(received.find()).as(result.output()).isTrue();
    assertThat(Double.parseDouble(received.group(2))).as(result.output()).isPositive();
  }
}
