package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.gateway.backend.BackendConfig;
import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.demo.SampleApp;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Peers on the tunnel port that come to nothing, in each of the ways in which one can be slow:
/// each is closed when its limit is reached, and an agent that was there before serves on.
class SlowAgentsTest {

  private static final Duration HANDSHAKE = Duration.ofSeconds(2);
  private static final Duration HELLO = Duration.ofMillis(1500);
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration SLACK = Duration.ofMillis(100);

  /// What a loaded machine may add to a limit.
  private static final Duration LATE = Duration.ofSeconds(8);

  private static final int EACH = 10;

  /// Between two bytes: slow enough that nothing is whole before its limit.
  private static final long DRIP_NANOS = 20_000_000;

  @TempDir private Path data;

  @FunctionalInterface
  private interface Writer {
    void write(byte[] bytes) throws IOException;
  }

  /// A connection that began at a time and completes at another.
  private record Slow(String what, Duration limit, long begun, CompletableFuture<Long> ended) {}

  @Test
  void slow_handshakes_and_greetings_reach_their_limits_and_a_good_agent_serves_on()
      throws Exception {
    BackendConfig limits =
        TestGateway.tunnelLimits(
            HANDSHAKE,
            HELLO,
            BackendConfig.DEFAULT_KEEP_ALIVE_INTERVAL,
            BackendConfig.DEFAULT_KEEP_ALIVE_TIMEOUT);
    try (TestGateway gateway =
            TestGateway.start(data, builder -> TestGateway.withTunnelLimits(builder, limits));
        SampleApp app = SampleApp.start()) {
      String route = gateway.newRoute();
      try (Agent _ = Agent.connect(gateway.agent(app.uri(), route).build())) {
        Set<String> before = gateway.awaitBackends(route, AgentConfig.DEFAULT_CONNECTIONS);
        List<Slow> all = new ArrayList<>();
        for (int i = 0; i < EACH; i++) {
          all.addAll(handshakes(gateway));
          all.addAll(greetings(gateway, route));
        }
        do {
          assertThat(RawVisit.get(gateway.http(), route, "/").status()).isEqualTo(200);
        } while (!all.stream().allMatch(slow -> slow.ended().isDone()));
        for (Slow slow : all) {
          long lasted = slow.ended().get(LIMIT.toSeconds(), TimeUnit.SECONDS) - slow.begun();
          assertThat(Duration.ofNanos(lasted))
              .as(slow.what())
              .isBetween(slow.limit().minus(SLACK), slow.limit().plus(LATE));
        }
        await().atMost(LIMIT).until(() -> gateway.gateway().tunnel().unadmitted() == 0);
        assertThat(gateway.ids(route)).isEqualTo(before);
        assertThat(RawVisit.get(gateway.http(), route, "/").status()).isEqualTo(200);
      }
    }
  }

  private static List<Slow> handshakes(TestGateway gateway) throws Exception {
    byte[] hello = clientHello();
    List<Slow> all = new ArrayList<>();
    for (String what : List.of("nothing", "ClientHello byte by byte", "ClientHello alone")) {
      long begun = System.nanoTime();
      Socket socket = RawVisit.connect(gateway.tunnel());
      CompletableFuture<Long> ended = endOf(socket);
      all.add(new Slow(what, HANDSHAKE, begun, ended));
      switch (what) {
        case "ClientHello byte by byte" -> drip(hello, socket.getOutputStream()::write, ended);
        case "ClientHello alone" -> socket.getOutputStream().write(hello);
        default -> {}
      }
    }
    return all;
  }

  private static List<Slow> greetings(TestGateway gateway, String route) throws Exception {
    byte[] greeting = BareAgent.greeting(gateway, route, UUID.randomUUID(), 0);
    List<Slow> all = new ArrayList<>();
    for (String what : List.of("no greeting", "greeting in drops", "frame in drops", "original")) {
      long begun = System.nanoTime();
      BareAgent agent =
          what.equals("original") ? BareAgent.connectOriginal(gateway) : BareAgent.connect(gateway);
      all.add(new Slow(what, HELLO, begun, agent.ended()));
      switch (what) {
        case "no greeting" -> {}
        case "frame in drops" -> drip(agent.controlFrame(greeting), agent::write, agent.ended());
        default -> drip(greeting, one -> agent.write(framed(agent, one)), agent.ended());
      }
    }
    return all;
  }

  private static byte[] framed(BareAgent agent, byte[] data) throws IOException {
    try {
      return agent.controlFrame(data);
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  /// Writes byte by byte until the end of either side.
  private static void drip(byte[] bytes, Writer to, CompletableFuture<Long> ended) {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                for (int i = 0; i < bytes.length && !ended.isDone(); i++) {
                  to.write(Arrays.copyOfRange(bytes, i, i + 1));
                  LockSupport.parkNanos(DRIP_NANOS);
                }
              } catch (IOException _) {
                // The gateway has closed, as it should.
              }
            });
  }

  /// Completes with the time when the other side has closed.
  private static CompletableFuture<Long> endOf(Socket socket) {
    CompletableFuture<Long> ended = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (socket) {
                socket.getInputStream().readAllBytes();
              } catch (IOException _) {
                // A reset is an end too.
              }
              ended.complete(System.nanoTime());
            });
    return ended;
  }

  private static byte[] clientHello() throws Exception {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine("localhost", 1);
    engine.setUseClientMode(true);
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), out);
    return Arrays.copyOf(out.array(), out.position());
  }
}
