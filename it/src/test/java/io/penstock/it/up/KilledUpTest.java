package io.penstock.it.up;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.IpFamily;
import io.penstock.it.os.NameServer;
import io.penstock.it.os.TestMachine;
import io.penstock.it.overlay.CommandProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The processes of a machine's interface killed without a warning: the tunnel comes back and
/// nothing else changes, the manager takes all with it but what the next command takes back.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
@Timeout(300)
class KilledUpTest {

  private static final int SOCKET_LIMIT_MILLIS = (int) UpMachine.LIMIT.toMillis();

  @TempDir static Path directory;

  private static Underlay underlay;

  private UpMachine laptop;
  private String before;

  @BeforeAll
  static void connect() throws Exception {
    underlay = Underlay.start(directory);
  }

  @AfterAll
  static void disconnect() {
    if (underlay != null) {
      underlay.close();
    }
  }

  @BeforeEach
  void begin() throws Exception {
    laptop = underlay.machine();
    before = laptop.machine().snapshot();
  }

  @AfterEach
  void end() {
    if (laptop != null) {
      laptop.close();
    }
  }

  @Test
  void a_killed_tunnel_is_started_again_and_connections_go_on() throws Exception {
    UpMachine desk = underlay.machine();
    CommandProcess up = laptop.up();
    CommandProcess deskUp = desk.up();
    laptop.awaitUp(up);
    desk.awaitUp(deskUp);
    String link = laptop.link();
    String during = laptop.machine().snapshot();
    ProcessHandle killed = UpMachine.tunnel(up).orElseThrow();
    InetSocketAddress there = new InetSocketAddress(desk.address(IpFamily.IPV4).inet(), 7000);
    try (ServerSocket listening = desk.call(() -> new ServerSocket(there.getPort()));
        Socket here = laptop.call(Socket::new)) {
      laptop.call(
          () -> {
            here.connect(there, SOCKET_LIMIT_MILLIS);
            return here;
          });
      listening.setSoTimeout(SOCKET_LIMIT_MILLIS);
      try (Socket accepted = listening.accept()) {
        requireCarries(here, accepted, "before");

        assertThat(killed.destroyForcibly()).isTrue();

        up.awaitErr("the tunnel process was killed");
        assertThat(laptop.link()).isEqualTo(link);
        assertThat(laptop.machine().snapshot()).isEqualTo(during);
        up.awaitErr("the tunnel is back");
        assertThat(UpMachine.tunnel(up)).get().isNotEqualTo(killed);
        requireCarries(here, accepted, "after");
        requireCarries(accepted, here, "back");
        assertThat(laptop.link()).isEqualTo(link);
        assertThat(laptop.machine().snapshot()).isEqualTo(during);
        assertThat(laptop.report().state()).isEqualTo("up");
      }
    }
    UpMachine.terminate(up);
    assertThat(up.awaitEnd()).isZero();
    laptop.requireAsBefore(before, "down after a killed tunnel");
  }

  private static void requireCarries(Socket from, Socket to, String line) throws IOException {
    to.setSoTimeout(SOCKET_LIMIT_MILLIS);
    from.getOutputStream().write((line + "\n").getBytes(UTF_8));
    assertThat(new BufferedReader(new InputStreamReader(to.getInputStream(), UTF_8), 1).readLine())
        .isEqualTo(line);
  }

  @Test
  void what_a_killed_manager_leaves_is_taken_back_by_down() throws Exception {
    killManager(laptop.up());

    CommandProcess down = laptop.command("down");

    assertThat(down.process().exitValue()).as(down.err()).isZero();
    assertThat(down.out())
        .contains("/etc/resolv.conf")
        .contains("down; addresses, routes and DNS are as they were");
    assertThat(laptop.resolvConf()).isEqualTo(TestMachine.RESOLV_CONF);
    assertThat(laptop.machine().snapshot()).isEqualTo(before);
    assertThat(laptop.command("down").out()).contains("nothing is up");
  }

  /// The gateway's name is known to the previous name server alone, which is not asked as long as
  /// `resolv.conf` names the resolver of the dead manager.
  @Test
  void what_a_killed_manager_leaves_is_taken_back_by_the_next_up_before_it_looks_for_anything()
      throws Exception {
    try (NameServer previous =
        NameServer.start(laptop.machine(), "127.0.0.1", "192.0.2.1", "gateway.example")) {
      String byName = underlay.gatewayAs("gateway.example");
      killManager(laptop.upAt(byName, underlay.token()));
      assertThat(laptop.namespace().execute(List.of("getent", "hosts", "www.example")))
          .satisfies(result -> assertThat(result.status()).isNotZero());

      CommandProcess next = laptop.upAt(byName, underlay.token());
      laptop.awaitUp(next);

      assertThat(previous.asked()).contains("gateway.example");
      UpMachine.interrupt(next);
      assertThat(next.awaitEnd()).isZero();
      laptop.requireAsBefore(before, "down after a killed manager");
    }
  }

  /// Leaves the machine as a manager that was killed does.
  private void killManager(CommandProcess up) throws Exception {
    laptop.awaitUp(up);
    up.process().destroyForcibly();
    assertThat(up.awaitEnd()).isNotZero();
    laptop.awaitNoProcess();
    await("the interface goes with the last process")
        .atMost(Duration.ofSeconds(30))
        .until(() -> laptop.link().isEmpty());
    assertThat(laptop.resolvConf()).isNotEqualTo(TestMachine.RESOLV_CONF);
    assertThat(laptop.command("status").err()).contains("no penstock up runs here");
  }
}
