package io.penstock.it.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.NetworkThread;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.tun.TunConfig;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The example answers curl, which speaks through the TCP of the Linux kernel.
class HttpOverTunTest {

  @Test
  void curl_gets_two_answers_over_one_connection() throws Exception {
    TunConfig config = TunConfig.builder().name("pen0").build();
    try (NetworkNamespace kernel = NetworkNamespace.create()) {
      NetStackDriver stack = HttpOverTun.serve(kernel.tun(config, "10.9.0.1/24"), config);
      try {
        NetworkThread.Result result =
            kernel.execute(
                List.of("curl", "-sS", "-m", "60", "http://10.9.0.2/one", "http://10.9.0.2/two"));

        assertThat(result.status()).as(result.output()).isZero();
        assertThat(result.output()).isEqualTo("Hello from /one\nHello from /two\n");
      } finally {
        stack.close().sync();
        NativeSupport.endEventLoops(stack.eventLoop().parent(), Duration.ofSeconds(5)).sync();
      }
    }
  }
}
