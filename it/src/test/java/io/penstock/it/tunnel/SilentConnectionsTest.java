package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.UnixOperatingSystemMXBean;
import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentStatus;
import io.penstock.node.demo.SampleApp;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Peers that connect to the tunnel port in great number and then say nothing.
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
        PeerProgram flood =
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
}
