package io.penstock.it.os;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.os.TestMachine.ResolvConf;
import io.penstock.node.vpn.os.LinuxNetwork;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A process that dies between any two steps while it changes the network of its machine: what it
/// leaves is taken back, and everything is as before.
class KilledNetworkTest {

  private static final int DIED = 77;
  private static final long LIFE_LIMIT_SECONDS = 120;

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void whatever_a_dead_process_has_left_is_taken_back(ResolvConf resolvConf) throws Exception {
    try (TestMachine machine = TestMachine.start(directory, resolvConf)) {
      String before = machine.snapshot();
      int step = 0;
      int different = 0;
      for (int status = DIED; status == DIED; step++) {
        status = live(machine, step);
        assertThat(status).isIn(0, DIED);
        different += machine.snapshot().equals(before) ? 0 : 1;

        machine.namespace().call(() -> LinuxNetwork.undo(machine.config().directory()));

        assertThat(machine.snapshot()).as("died before step %d", step).isEqualTo(before);
        assertThat(machine.config().directory().resolve("undo.json")).doesNotExist();
      }
      assertThat(step).isGreaterThan(20);
      assertThat(different).as("deaths that left something").isGreaterThan(10);
    }
  }

  private int live(TestMachine machine, int steps) throws Exception {
    Process process =
        machine
            .namespace()
            .start(
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Doomed.class.getName(),
                        directory.toString(),
                        Integer.toString(steps))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.INHERIT));
    try {
      assertThat(process.waitFor(LIFE_LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }

  /// Sets the network up, changes it and takes it back, and dies before a step.
  static final class Doomed {

    private Doomed() {}

    /// Takes the directory of the machine and how many steps are lived through.
    public static void main(String[] arguments) throws Exception {
      AtomicInteger left = new AtomicInteger(Integer.parseInt(arguments[1]));
      OsSettings first = LinuxNetworkTest.SETTINGS;
      OsSettings second =
          new OsSettings(
              first.mtu(),
              first.addresses(),
              first.included(),
              List.of(first.excluded().getLast()),
              first.dns(),
              List.of());
      try (TunDevice _ = TunDevice.open(TunConfig.builder().name("pen0").build());
          LinuxNetwork network =
              LinuxNetwork.open(
                  TestMachine.config(Path.of(arguments[0])),
                  _ -> {
                    if (left.getAndDecrement() == 0) {
                      // As SIGKILL does: nothing of this program runs any more.
                      Runtime.getRuntime().halt(DIED);
                    }
                  })) {
        network.apply(first);
        network.apply(second);
      }
    }
  }
}
