package io.penstock.it.up;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.os.TestMachine;
import io.penstock.it.overlay.CommandProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Ctrl-C, and the signal of a service manager, at any moment of a `penstock up`: nothing is left
/// behind.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
@Timeout(300)
class InterruptedUpTest {

  /// When the signal comes.
  enum Moment {
    STARTED,
    LOOKING_FOR_THE_GATEWAY,
    INTERFACE_MADE,
    STARTING_THE_TUNNEL,
    JOINING_THE_NETWORK,
    ADDRESSES_SET,
    NAMES_SET,
    UP
  }

  /// Often enough to meet the moment.
  private static final Duration POLL = Duration.ofMillis(5);

  /// What shells report for a process that a signal ended before it listens to any.
  private static final int INTERRUPTED = 130;

  private static final int TERMINATED = 143;

  @TempDir static Path directory;

  private static Underlay underlay;
  private static UpMachine laptop;

  @BeforeAll
  static void begin() throws Exception {
    underlay = Underlay.start(directory);
    laptop = underlay.machine("laptop");
  }

  @AfterAll
  static void end() {
    if (underlay != null) {
      underlay.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void ctrl_c_leaves_nothing_behind(Moment moment) throws Exception {
    String before = laptop.machine().snapshot();
    CommandProcess up = laptop.up();
    await(moment, up);

    UpMachine.interrupt(up);

    requireEnd(up, moment, INTERRUPTED);
    laptop.requireAsBefore(before, "Ctrl-C, " + moment);
  }

  @ParameterizedTest
  @EnumSource
  void a_service_manager_that_ends_it_leaves_nothing_behind(Moment moment) throws Exception {
    String before = laptop.machine().snapshot();
    CommandProcess up = laptop.up();
    await(moment, up);

    UpMachine.terminate(up);

    requireEnd(up, moment, TERMINATED);
    laptop.requireAsBefore(before, "SIGTERM, " + moment);
  }

  @ParameterizedTest
  @EnumSource(names = {"JOINING_THE_NETWORK", "NAMES_SET", "UP"})
  void ctrl_c_again_and_again_leaves_nothing_behind(Moment moment) throws Exception {
    String before = laptop.machine().snapshot();
    CommandProcess up = laptop.up();
    await(moment, up);

    while (up.process().isAlive()) {
      UpMachine.interrupt(up);
    }

    // The last one may find the command with nothing left to do.
    assertThat(up.awaitEnd()).as(up.err()).isIn(0, INTERRUPTED);
    laptop.requireAsBefore(before, "Ctrl-C again and again, " + moment);
  }

  private static void await(Moment moment, CommandProcess up) throws Exception {
    switch (moment) {
      case STARTED -> assertThat(up.process().isAlive()).isTrue();
      case LOOKING_FOR_THE_GATEWAY -> up.awaitErr("looking for the gateway");
      case INTERFACE_MADE -> awaitMachine(() -> !laptop.link().isEmpty());
      case STARTING_THE_TUNNEL -> up.awaitErr("starting the tunnel");
      case JOINING_THE_NETWORK -> up.awaitErr("joining the network");
      case ADDRESSES_SET -> awaitMachine(() -> laptop.link().contains("/32"));
      case NAMES_SET -> awaitMachine(() -> !laptop.resolvConf().equals(TestMachine.RESOLV_CONF));
      case UP -> laptop.awaitUp(up);
    }
  }

  private static void awaitMachine(Callable<Boolean> condition) {
    Awaitility.await()
        .atMost(UpMachine.LIMIT)
        .pollInterval(POLL)
        .ignoreExceptions() // the interface may come and go between two looks
        .until(condition);
  }

  private static void requireEnd(CommandProcess up, Moment moment, int early) throws Exception {
    int status = up.awaitEnd();
    if (moment == Moment.STARTED) {
      assertThat(status).as(up.err()).isIn(0, early);
    } else {
      assertThat(status).as(up.err()).isZero();
      assertThat(up.err()).contains("penstock: down; addresses, routes and DNS are as they were");
    }
    assertThat(up.err()).doesNotContain("Exception");
  }
}
