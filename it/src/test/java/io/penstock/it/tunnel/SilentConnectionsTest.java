package io.penstock.it.tunnel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.UnixOperatingSystemMXBean;
import io.penstock.gateway.config.IngressSettings;
import io.penstock.gateway.ingress.IngressConfig;
import io.penstock.it.GoPeer;
import io.penstock.it.GoPeers;
import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentStatus;
import io.penstock.node.demo.SampleApp;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Peers that connect and then say nothing, or say it very slowly.
class SilentConnectionsTest {

  private static final int WANTED = 10_000;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir private Path data;

  /// As many as this machine lets a process have, with room for the rest of the test.
  private static int affordable() {
    long files =
        ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
            ? unix.getMaxFileDescriptorCount()
            : 1024;
    return (int) Math.min(WANTED, files * 3 / 4);
  }

  @Test
  void thousands_that_say_nothing_do_not_keep_a_good_agent_out() throws Exception {
    int silent = affordable();
    try (TestGateway gateway = TestGateway.start(data);
        SampleApp app = SampleApp.start();
        GoPeer flood =
            GoPeers.start(
                "load",
                "-mode",
                "idle",
                "-addr",
                gateway.tunnel(),
                "-c",
                "" + silent,
                "-duration",
                "60s")) {
      assertThat(flood.nextLine(LIMIT).get("ready").asBoolean()).isTrue();
      String route = gateway.newRoute();
      try (Agent agent = Agent.connect(gateway.agent(app.uri(), route).build())) {
        assertThat(agent.status()).isInstanceOf(AgentStatus.Online.class);
        gateway.awaitBackends(route, 2);
        assertThat(RawVisit.get(gateway.http(), route, "/").status()).isEqualTo(200);
      }
      var tunnel = gateway.gateway().tunnel();
      int most = gateway.gateway().config().tunnel().limits().maxUnadmitted();
      assertThat(tunnel.unadmitted()).isLessThanOrEqualTo(most);
      assertThat(tunnel.evicted()).isGreaterThanOrEqualTo(silent - most);
      await().atMost(LIMIT).until(() -> tunnel.unadmitted() == 0);
    }
  }

  @Test
  void a_head_that_comes_byte_by_byte_is_given_up() throws Exception {
    try (TestGateway gateway =
        TestGateway.start(
            data,
            builder -> {
              IngressSettings ingress = builder.build().ingress();
              return builder.ingress(
                  ingress.withLimits(
                      IngressConfig.builder().headTimeout(Duration.ofSeconds(1)).build()));
            })) {
      try (Socket slow = RawVisit.connect(gateway.http())) {
        slow.getOutputStream().write("GET / HTTP/1.1\r\nHost: a".getBytes(ISO_8859_1));
        await()
            .atMost(LIMIT)
            .pollInterval(Duration.ofMillis(100))
            .until(() -> answered(slow) || !drips(slow));
        assertThat(new String(slow.getInputStream().readAllBytes(), ISO_8859_1))
            .startsWith("HTTP/1.1 408 ");
      }
    }
  }

  private static boolean answered(Socket socket) throws IOException {
    return socket.getInputStream().available() > 0;
  }

  private static boolean drips(Socket socket) {
    try {
      socket.getOutputStream().write('a');
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
