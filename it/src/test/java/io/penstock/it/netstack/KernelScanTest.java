package io.penstock.it.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.NetworkThread;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `nc` scans all ports of the stack, on which nobody listens.
class KernelScanTest {

  private static final int PORTS = 65_535;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "stack");

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void every_closed_port_refuses_at_once_and_nothing_remains(boolean ipv4) throws Exception {
    NetworkNamespace.requireProgram("nc");
    try (KernelStack stack = KernelStack.start(loops.next(), TunConfig.builder().build())) {
      String to = KernelStack.stackAddress(ipv4);

      NetworkThread.Result scan = stack.kernel().execute(List.of("nc", "-nvz", to, "1-" + PORTS));

      assertThat(scan.output().lines().filter(line -> line.contains("refused"))).hasSize(PORTS);
      assertThat(stack.<Long>ask(engine -> engine.tcp().counters().resetsOut())).isEqualTo(PORTS);
      assertThat(stack.<Integer>ask(engine -> engine.tcp().connectionCount())).isZero();
    } finally {
      NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
    }
  }
}
