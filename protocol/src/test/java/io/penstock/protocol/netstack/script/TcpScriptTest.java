package io.penstock.protocol.netstack.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.testkit.script.Script;
import io.penstock.testkit.script.ScriptRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Plays every script, and holds the list of what RFC 9293 demands against them.
///
/// `-Dpenstock.netstack.script=NAME` plays those alone whose name contains that.
class TcpScriptTest {

  private static final String ONLY = System.getProperty("penstock.netstack.script", "");
  private static final int LAST_DEMAND = 69;

  private static Path folder() {
    try {
      return Path.of(TcpScriptTest.class.getResource("/scripts/tcp").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> scriptNames() {
    try (Stream<Path> files = Files.list(folder())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".pkt"))
          .map(name -> name.substring(0, name.length() - 4))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Script read(String name) {
    try {
      return Script.parse(name, Files.readAllLines(folder().resolve(name + ".pkt")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @TestFactory
  Stream<DynamicTest> scripts() {
    return scriptNames().stream()
        .filter(name -> name.contains(ONLY))
        .map(TcpScriptTest::read)
        .map(script -> DynamicTest.dynamicTest(script.title(), () -> play(script)));
  }

  private static void play(Script script) {
    UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    try (NetStackHost host = new NetStackHost(script, allocator)) {
      ScriptRunner.run(script, host);
    }
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  @Test
  void everyDemandOfTheSpecificationNamesItsScripts() throws IOException {
    List<String> names = scriptNames();
    List<String> rows =
        Files.readAllLines(folder().resolve("rfc9293-demands.txt")).stream()
            .filter(line -> !line.startsWith("#") && !line.isBlank())
            .toList();
    for (int i = 0; i < rows.size(); i++) {
      String[] cells = rows.get(i).split("\\|", -1);
      assertThat(cells).as(rows.get(i)).hasSize(3);
      assertThat(cells[0].strip()).isEqualTo("MUST-" + (i + 1));
      String scripts = cells[2].strip();
      if (!scripts.startsWith("not: ")) {
        assertThat(names).as(cells[0]).containsAll(Arrays.asList(scripts.split(" ", -1)));
      }
    }
    assertThat(rows).hasSize(LAST_DEMAND);
  }

  @Test
  void aScriptThatExpectsSomethingElseFails() {
    String begin = "0 established [mss 1000]\nwrite 10\n";
    assertFails(begin + "> . 1:12 ack 1", "payload should be 11");
    assertFails(begin + "+0.001 > . 1:11 ack 1", "sent too early");
    assertFails(begin, "nothing was expected");
    assertFails(begin + "> . 1:11 ack 1\n> . 11 ack 1", "nothing was sent");
    assertFails(begin + "> . 1:11 ack 1 [mss 5]", "there should be mss 5");
    assertFails(begin + "> . 2:12 ack 1", "seq should be 2");
  }

  private static void assertFails(String text, String why) {
    Script script = Script.parse("wrong", ("# It is wrong.\n" + text).lines().toList());
    assertThatThrownBy(() -> play(script))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining(why);
  }
}
