package io.penstock.it.up;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpFamily;
import io.penstock.it.overlay.CommandProcess;
import io.penstock.node.up.UpReport;
import java.nio.file.Path;
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

/// What `penstock up` and its companions say when something is missing, wrong or already there, and
/// that they leave the machine alone then.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
@Timeout(300)
class RefusedUpTest {

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

  private void requireRefused(CommandProcess up, String... words) throws Exception {
    assertThat(up.awaitEnd()).as(up.err()).isEqualTo(1);
    assertThat(up.err()).contains(words).doesNotContain("Exception", "\tat ");
    assertThat(up.out()).isEmpty();
    laptop.requireAsBefore(before, up.err());
  }

  @Test
  void without_the_capability_it_says_so_and_what_to_do() throws Exception {
    List<String> without = List.of("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin");

    CommandProcess up =
        laptop.upAt(without, underlay.gateway(), underlay.token(), underlay.fingerprint());

    requireRefused(
        up,
        "an interface for the whole machine cannot be made: this process has no CAP_NET_ADMIN",
        "sudo penstock up; or, without any rights, penstock node run");
    assertThat(laptop.state()).doesNotExist();
  }

  @Test
  void where_names_cannot_be_changed_it_goes_on_without_them() throws Exception {
    laptop.run("mount", "-o", "remount,ro,bind", "/etc");

    CommandProcess up = laptop.up();
    UpReport report = laptop.awaitUp(up);

    assertThat(up.err())
        .contains("goes on with --dns=off: ")
        .contains("/etc/resolv.conf")
        .contains("read-only");
    assertThat(up.out()).contains("  names      left alone");
    assertThat(report.zones()).isEmpty();
    assertThat(laptop.address(IpFamily.IPV4)).isNotNull();
    UpMachine.terminate(up);
    assertThat(up.awaitEnd()).isZero();
    laptop.requireAsBefore(before, "down without names");
  }

  @Test
  void a_second_one_is_refused_and_the_first_goes_on() throws Exception {
    CommandProcess first = laptop.up();
    laptop.awaitUp(first);
    String link = laptop.link();
    String during = laptop.machine().snapshot();

    CommandProcess second = laptop.up();

    assertThat(second.awaitEnd()).isEqualTo(1);
    assertThat(second.err()).contains("another penstock up runs").contains("penstock down");
    assertThat(laptop.link()).isEqualTo(link);
    assertThat(laptop.machine().snapshot()).isEqualTo(during);
    assertThat(laptop.report().state()).isEqualTo("up");
    assertThat(laptop.command("down").process().exitValue()).isZero();
    assertThat(first.awaitEnd()).isZero();
    laptop.requireAsBefore(before, "down");
  }

  @Test
  void what_the_gateway_or_the_name_server_says_is_passed_on() throws Exception {
    requireRefused(laptop.upAt(underlay.gateway(), "no-token-of-this-gateway"), "token");
    requireRefused(
        laptop.upAt("nowhere.example:7443", underlay.token()),
        "the gateway's host nowhere.example has no address");
  }

  /// Either may mend itself, so that it is tried for as long as a start may take.
  @Test
  void a_gateway_that_is_not_there_or_not_the_one_is_named() throws Exception {
    UpMachine desk = underlay.machine();
    String deskBefore = desk.machine().snapshot();
    String other = "sha256:" + "0".repeat(64);
    CommandProcess deceived = desk.upAt(List.of(), underlay.gateway(), underlay.token(), other);

    requireRefused(
        laptop.upAt("192.0.2.1:1", underlay.token()), "nothing answers at https://192.0.2.1:1");

    assertThat(deceived.awaitEnd()).isEqualTo(1);
    assertThat(deceived.err()).contains("fingerprint").doesNotContain("Exception", "\tat ");
    desk.requireAsBefore(deskBefore, "the wrong gateway");
    desk.close();
  }

  @Test
  void where_nothing_runs_down_does_nothing_and_status_says_so() throws Exception {
    CommandProcess down = laptop.command("down");
    assertThat(down.process().exitValue()).isZero();
    assertThat(down.out()).contains("nothing is up");

    for (String[] options : new String[][] {{}, {"--json"}}) {
      CommandProcess status = laptop.command("status", options);
      assertThat(status.process().exitValue()).isEqualTo(1);
      assertThat(status.err()).contains("no penstock up runs here").contains("sudo penstock up");
      assertThat(status.out()).isEmpty();
    }
    laptop.requireAsBefore(before, "nothing was up");
  }
}
