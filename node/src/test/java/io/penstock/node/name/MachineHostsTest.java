package io.penstock.node.name;

import static io.penstock.node.name.NameWorld.node;
import static io.penstock.node.name.NameWorld.peer;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Promise;
import io.penstock.node.backend.BackendConfig;
import io.penstock.node.backend.BackendConnections;
import io.penstock.transport.NativeSupport;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Which hosts are dialled with sockets of the machine: none of an overlay, however it is written.
class MachineHostsTest {

  private static final String ZONE = "penstock.internal";
  private static final long LIMIT_SECONDS = 60;

  @TempDir private Path directory;

  private final RunningNode running =
      node("web", ZONE, peer("backend-peer", "10.86.0.9", "fd7c:4a1b:93e2::9"));

  @BeforeEach
  void start() {
    RunningNodes.ofThisProcess().add(running);
  }

  @AfterEach
  void stop() {
    RunningNodes.ofThisProcess().remove(running);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "backend-peer.penstock.internal",
        "Backend-Peer.Penstock.Internal.",
        "penstock.internal",
        "10.86.0.9",
        "fd7c:4a1b:93e2::9"
      })
  void what_is_on_an_overlay_is_refused(String host) {
    assertThatThrownBy(() -> MachineHosts.addresses(host))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining(host + " is on an overlay");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "backend-peer.penstock.internal",
        "10.86.0.9",
        "::ffff:10.86.0.9",
        "fd7c:4a1b:93e2::9",
        "[fd7c:4a1b:93e2::9]"
      })
  void no_backend_on_an_overlay_is_dialled(String host) throws Exception {
    EventLoopGroup loops = NativeSupport.newEventLoops(1, "machine-hosts");
    try {
      EventLoop loop = loops.next();
      Promise<Channel> opened = loop.newPromise();
      new BackendConnections(config(host)).open(loop, new Nothing(), opened);
      assertThat(opened.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(opened.cause())
          .isInstanceOf(UnknownHostException.class)
          .hasMessageContaining("is on an overlay");
    } finally {
      NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
    }
  }

  private static BackendConfig config(String host) {
    return new BackendConfig(
        InetSocketAddress.createUnresolved(host, 80),
        Optional.empty(),
        8192,
        100,
        0,
        Duration.ofSeconds(1),
        Duration.ofSeconds(LIMIT_SECONDS));
  }

  @Test
  void a_backend_is_the_machines_also_if_it_is_the_first_name_that_a_process_looks_up()
      throws Exception {
    Path said = directory.resolve("said");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FirstBackendLookup.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    try {
      assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(Files.readString(said, UTF_8))
        .contains("UnknownHostException: " + FirstBackendLookup.BACKEND)
        .doesNotContain("overlay");
  }

  @ChannelHandler.Sharable
  private static final class Nothing extends ChannelInboundHandlerAdapter {}
}
