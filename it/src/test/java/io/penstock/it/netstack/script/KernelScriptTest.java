package io.penstock.it.netstack.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.it.tun.NetworkNamespace;
import io.penstock.testkit.script.Script;
import io.penstock.testkit.script.ScriptRunner;
import io.penstock.transport.tun.TunDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Plays the scripts of the stack against the Linux kernel, each in a namespace of its own.
///
/// They mostly wait, so many are played at once. `-Dpenstock.netstack.script=NAME` plays those
/// alone whose name contains that, whether they say so or not.
class KernelScriptTest {

  private static final Path FOLDER =
      Path.of("..", "protocol", "src", "test", "resources", "scripts", "tcp");

  private static final String ONLY = System.getProperty("penstock.netstack.script", "");
  private static final int AT_ONCE = 12;
  private static final int LEAST = 100;

  /// Plays of a script that is not played as it is written, because the machine has too much to do.
  private static final int MAX_PLAYS = 12;

  /// From this play on a script is played while no other is.
  private static final int FIRST_ALONE = 3;

  private static final ReadWriteLock STAGE = new ReentrantReadWriteLock(true);

  private static List<Script> scripts() {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .filter(file -> file.toString().endsWith(".pkt"))
          .sorted()
          .map(KernelScriptTest::read)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Script read(Path file) {
    try {
      String name = file.getFileName().toString().replace(".pkt", "");
      return Script.parse(name, Files.readAllLines(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void every_script_says_whether_the_kernel_plays_it_and_many_do() {
    List<Script> scripts = scripts();

    assertThat(scripts.stream().filter(script -> script.kernel().isEmpty()).map(Script::name))
        .isEmpty();
    assertThat(scripts.stream().filter(script -> script.kernel().equals("yes")))
        .hasSizeGreaterThanOrEqualTo(LEAST);
  }

  @TestFactory
  Stream<DynamicTest> scripts_against_the_kernel() {
    ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
    List<Script> played =
        scripts().stream()
            .filter(
                script ->
                    ONLY.isEmpty() ? script.kernel().equals("yes") : script.name().contains(ONLY))
            .toList();
    List<Future<?>> plays =
        played.stream().<Future<?>>map(script -> pool.submit(() -> play(script))).toList();
    pool.shutdown();
    return Stream.iterate(0, i -> i < played.size(), i -> i + 1)
        .map(i -> DynamicTest.dynamicTest(played.get(i).title(), () -> await(plays.get(i))));
  }

  @Test
  void a_script_that_the_kernel_does_not_follow_fails() {
    String begin = "kernel yes\n0 established [mss 1000]\nwrite 10\n";
    assertFails(begin + "> . 1:12 ack 1", "payload should be 11");
    assertFails(begin + "+0.1 > . 1:11 ack 1", "sent too early");
    assertFails(begin, "nothing was expected");
    assertFails(begin + "> . 1:11 ack 1\n> . 11 ack 1", "nothing was sent");
    assertFails(begin + "> . 1:11 ack 1\n+0.2 > . 1:11 ack 1", "nothing was sent");
    assertFails(begin + "> . 1:11 ack 1\nstate FIN_WAIT_1", "ESTABLISHED");
  }

  private static void assertFails(String text, String why) {
    Script script = Script.parse("wrong", ("# It is wrong.\n" + text).lines().toList());
    assertThatThrownBy(() -> play(script))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining(why);
  }

  private static void await(Future<?> play) throws Throwable {
    try {
      play.get();
    } catch (ExecutionException e) {
      throw e.getCause();
    }
  }

  private static Void play(Script script) throws Exception {
    for (int play = 1; ; play++) {
      // Around the making of the namespace, too: to start its programs is what disturbs others.
      Lock stage = play < FIRST_ALONE ? STAGE.readLock() : STAGE.writeLock();
      stage.lock();
      try {
        if (playOnce(script, play)) {
          return null;
        }
      } finally {
        stage.unlock();
      }
    }
  }

  /// Plays it once, in a namespace of its own; false when it is to be played again.
  private static boolean playOnce(Script script, int play) throws Exception {
    try (NetworkNamespace kernel = NetworkNamespace.create()) {
      KernelSettings settings = new KernelSettings(script.settings());
      TunDevice device =
          kernel.tun(
              KernelHost.device(settings),
              ScriptRunner.HOST_4 + "/24",
              ScriptRunner.HOST_6 + "/64");
      return kernel.call(() -> playIn(script, settings, device, play));
    }
  }

  /// Plays it on the thread that is in the namespace; false when it is to be played again.
  private static boolean playIn(Script script, KernelSettings settings, TunDevice device, int play)
      throws Exception {
    try (KernelHost host = KernelHost.start(script, settings, device)) {
      try {
        ScriptRunner.run(script, host);
      } catch (AssertionError e) {
        if (!host.disturbed() || play == MAX_PLAYS) {
          throw e;
        }
        return false;
      }
      return true;
    }
  }
}
