package io.penstock.it.os;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.os.TestMachine.ResolvConf;
import io.penstock.it.tun.ThreadUser;
import io.penstock.node.vpn.os.LinuxNetworkConfig.Dns;
import io.penstock.node.vpn.os.RouteGuard.DefaultRoute;
import io.penstock.node.vpn.os.UpRights;
import io.penstock.node.vpn.os.UpRights.Right;
import java.net.DatagramSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a machine lets us do, and what is said when it does not.
class UpRightsTest {

  @TempDir Path directory;

  private TestMachine machine;

  @BeforeEach
  void begin() throws Exception {
    machine = TestMachine.start(directory, ResolvConf.FILE);
  }

  @AfterEach
  void end() {
    if (machine != null) {
      machine.close();
    }
  }

  private UpRights check() throws Exception {
    return machine.namespace().call(() -> UpRights.check(machine.config()));
  }

  @Test
  void root_may_do_everything_and_nothing_is_left_behind() throws Exception {
    String before = machine.snapshot();
    assertThat(check().missing()).isEmpty();
    assertThat(check().missing()).isEmpty();
    assertThat(machine.snapshot()).isEqualTo(before);
  }

  @Test
  void another_user_is_told_all_that_is_missing() throws Exception {
    check();
    machine
        .namespace()
        .call(
            () -> {
              ThreadUser.becomeNobody();
              return true;
            });

    UpRights rights = check();

    assertThat(rights.missing(Right.NET_ADMIN)).get().asString().contains("no CAP_NET_ADMIN");
    assertThat(rights.missing(Right.TUN_DEVICE))
        .get()
        .asString()
        .contains("/dev/net/tun may not be opened");
    assertThat(rights.missing(Right.DNS)).get().asString().contains("/etc/resolv.conf");
    assertThat(rights.missing()).hasSize(3);
  }

  @Test
  void a_machine_without_tun_devices_is_named() throws Exception {
    machine
        .namespace()
        .mount(Files.createDirectory(directory.resolve("none")), Path.of("/dev/net"));
    assertThat(check().missing())
        .singleElement()
        .satisfies(
            missing -> {
              assertThat(missing.right()).isEqualTo(Right.TUN_DEVICE);
              assertThat(missing.why()).contains("/dev/net/tun does not exist", "modprobe tun");
            });
  }

  @Test
  void a_resolv_conf_that_nobody_may_change_is_named_unless_dns_is_off() throws Exception {
    machine.namespace().execute(List.of("mount", "-o", "remount,ro,bind", "/etc"));
    assertThat(check().missing())
        .singleElement()
        .satisfies(
            missing -> {
              assertThat(missing.right()).isEqualTo(Right.DNS);
              assertThat(missing.why()).contains("/etc/resolv.conf", "read-only");
            });
    UpRights withoutDns =
        machine
            .namespace()
            .call(() -> UpRights.check(machine.config().with(DefaultRoute.REFUSED, Dns.OFF)));
    assertThat(withoutDns.missing()).isEmpty();
  }

  @Test
  void another_dns_server_at_our_address_is_named() throws Exception {
    try (DatagramSocket _ =
        machine.namespace().call(() -> new DatagramSocket(machine.config().resolver().address()))) {
      assertThat(check().missing(Right.DNS)).get().asString().contains("127.86.0.53");
    }
  }
}
