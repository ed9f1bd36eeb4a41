package io.penstock.it.os;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.os.TestMachine.ResolvConf;
import io.penstock.it.tun.NetworkThread;
import io.penstock.node.vpn.os.LinuxNetwork;
import io.penstock.transport.tun.TunDevice;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Names as ordinary programs of a machine look them up, through the C library, while the overlay
/// is there and after it.
class ResolvedNamesTest {

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource
  void programs_find_names_of_the_overlay_and_all_others(ResolvConf resolvConf) throws Exception {
    try (TestMachine machine = TestMachine.start(directory, resolvConf);
        NameServer previous =
            NameServer.start(machine, "127.0.0.1", "203.0.113.10", "host.example")) {
      // Where a peer would answer: its address is this machine's own.
      machine.ip("address add 10.86.0.1/32 dev lo");
      try (NameServer overlay = NameServer.start(machine, "10.86.0.1", "10.86.0.77", "db.overlay");
          TunDevice _ = machine.tun()) {
        LinuxNetwork network =
            machine
                .namespace()
                .call(
                    () -> {
                      LinuxNetwork opened = LinuxNetwork.open(machine.config());
                      opened.apply(LinuxNetworkTest.SETTINGS);
                      return opened;
                    });

        assertThat(find(machine, "ahostsv4", "db.penstock.internal")).contains("10.86.0.77");
        assertThat(find(machine, "ahostsv4", "www.example.org")).contains("203.0.113.10");
        assertThat(find(machine, "ahostsv4", "db")).contains("203.0.113.10");
        assertThat(find(machine, "hosts", "10.86.0.77")).contains("db.overlay");
        assertThat(find(machine, "hosts", "10.87.0.77")).contains("host.example");
        assertThat(previous.asked())
            .contains("www.example.org", "db.corp.example", "77.0.87.10.in-addr.arpa")
            .noneMatch(name -> name.endsWith("penstock.internal") || name.contains(".86.10."));
        assertThat(overlay.asked())
            .contains("db.penstock.internal", "77.0.86.10.in-addr.arpa")
            .noneMatch(name -> name.contains("example") || name.contains(".87.10."));

        machine
            .namespace()
            .call(
                () -> {
                  network.close();
                  return true;
                });
        assertThat(find(machine, "ahostsv4", "later.example.org")).contains("203.0.113.10");
        assertThat(previous.asked()).contains("later.example.org");
      }
    }
  }

  private static String find(TestMachine machine, String database, String name) throws Exception {
    NetworkThread.Result result = machine.namespace().execute(List.of("getent", database, name));
    assertThat(result.status()).as("%s: %s", name, result.output()).isZero();
    return result.output();
  }
}
