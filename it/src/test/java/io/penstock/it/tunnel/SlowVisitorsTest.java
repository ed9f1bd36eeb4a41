package io.penstock.it.tunnel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.UnixOperatingSystemMXBean;
import io.penstock.gateway.ingress.IngressConfig;
import io.penstock.node.agent.Agent;
import io.penstock.node.demo.SampleApp;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Visitors that hold connections and ask for nothing, or take for ever to ask ("Slowloris").
class SlowVisitorsTest {

  private static final int WANTED = 2_000;
  private static final Duration HEAD = Duration.ofSeconds(3);
  private static final Duration LINGER = Duration.ofSeconds(1);
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final byte[] BEGINNING = "GET / HTTP/1.1\r\nHost: a\r\nX: ".getBytes(ISO_8859_1);

  @TempDir private Path data;
  private final List<Slow> all = new ArrayList<>();

  /// As many as this process may have both ends of, with as much again for everything else.
  private static int affordable() {
    long files =
        ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
            ? unix.getMaxFileDescriptorCount()
            : 1024;
    return (int) Math.min(WANTED, files / 4);
  }

  @AfterEach
  void closeAll() throws IOException {
    for (Slow each : all) {
      each.channel.close();
    }
  }

  @Test
  void thousands_of_slow_ones_are_closed_at_the_limit_and_good_ones_served_meanwhile()
      throws Exception {
    IngressConfig limits = IngressConfig.builder().headTimeout(HEAD).drainTimeout(LINGER).build();
    try (TestGateway gateway =
            TestGateway.start(data, builder -> TestGateway.withIngressLimits(builder, limits));
        SampleApp app = SampleApp.start()) {
      String route = gateway.newRoute();
      try (Agent _ = Agent.connect(gateway.agent(app.uri(), route).build())) {
        InetSocketAddress plain = gateway.addresses().http().orElseThrow();
        InetSocketAddress tls = gateway.addresses().https().orElseThrow();
        for (int i = 0; i < affordable(); i++) {
          all.add(i % 4 == 0 ? Slow.connect(tls, false) : Slow.connect(plain, i % 2 == 1));
        }
        List<Long> goodNanos = new ArrayList<>();
        while (!all.stream().allMatch(slow -> slow.ended)) {
          long begun = System.nanoTime();
          assertThat(RawVisit.get(gateway.http(), route, "/").status()).isEqualTo(200);
          goodNanos.add(System.nanoTime() - begun);
          for (Slow each : all) {
            each.go();
          }
        }
        assertThat(all).allSatisfy(Slow::verify);
        assertThat(goodNanos).hasSizeGreaterThan(5);
        assertThat(Duration.ofNanos(Collections.max(goodNanos))).isLessThan(HEAD);
        await().atMost(LIMIT).until(() -> visitorConnections(gateway) == 0);
      }
    }
  }

  /// How many visitor connections the gateway says are open.
  private static int visitorConnections(TestGateway gateway) throws IOException {
    String admin = TestGateway.text(gateway.addresses().admin());
    return RawVisit.get(admin, admin, "/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("penstock_ingress_connections "))
        .mapToInt(line -> (int) Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
        .findFirst()
        .orElseThrow();
  }

  /// One slow visitor, which either says nothing or goes on with a head that has no end.
  private static final class Slow {

    private final SocketChannel channel;
    private final boolean drips;
    private final long begun = System.nanoTime();
    private final StringBuilder answer = new StringBuilder();
    private long lastedNanos;
    private boolean ended;

    private Slow(SocketChannel channel, boolean drips) {
      this.channel = channel;
      this.drips = drips;
    }

    static Slow connect(InetSocketAddress to, boolean drips) throws IOException {
      Slow slow = new Slow(SocketChannel.open(to), drips);
      slow.channel.configureBlocking(false);
      if (drips) {
        slow.channel.write(ByteBuffer.wrap(BEGINNING));
      }
      return slow;
    }

    /// Sends a byte if it is one to send, and looks for an end.
    void go() {
      if (ended) {
        return;
      }
      try {
        ByteBuffer in = ByteBuffer.allocate(4096);
        int count = channel.read(in);
        answer.append(new String(in.array(), 0, in.position(), ISO_8859_1));
        if (count < 0) {
          end();
        } else if (drips && answer.isEmpty()) {
          channel.write(ByteBuffer.wrap(new byte[] {'x'}));
        }
      } catch (IOException _) {
        end();
      }
    }

    private void end() {
      ended = true;
      lastedNanos = System.nanoTime() - begun;
    }

    void verify() {
      assertThat(Duration.ofNanos(lastedNanos))
          .isBetween(HEAD.minusMillis(100), HEAD.multipliedBy(4));
      if (drips) {
        assertThat(answer.toString()).startsWith("HTTP/1.1 408 ");
      } else {
        assertThat(answer.toString()).isEmpty();
      }
    }
  }
}
