package io.penstock.node.up;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Programs of the shell in the place of a tunnel.
@EnabledOnOs(OS.LINUX)
@Timeout(120)
class TunnelProcessTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration AT_ONCE = Duration.ofMillis(1);

  private static TunnelProcess shell(String script, Duration endLimit) throws IOException {
    return TunnelProcess.start(List.of("sh", "-c", script), endLimit);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          exit 0                         | the tunnel process has ended with status 0
          exit 7                         | the tunnel process has ended with status 7
          kill -TERM $$                  | the tunnel process was ended by signal 15
          echo unfit >&2; kill -KILL $$  | the tunnel process was killed
          """)
  void its_status_says_why_it_has_ended(String script, String why) throws Exception {
    try (TunnelProcess process = shell(script, LIMIT)) {
      assertThat(process.whyEnded(LIMIT)).isEqualTo(why);
    }
  }

  @Test
  void its_last_words_say_it_better() throws Exception {
    try (TunnelProcess process =
        shell("for i in $(seq 1000); do echo line $i >&2; done; exit 1", LIMIT)) {
      assertThat(process.whyEnded(LIMIT))
          .startsWith("the tunnel process has ended with status 1, and said:\n  line 981\n")
          .endsWith("\n  line 1000")
          .doesNotContain("line 980");
    }
  }

  @Test
  void a_line_without_an_end_is_cut() throws Exception {
    try (TunnelProcess process = shell("head -c 1000 /dev/zero | tr '\\0' x >&2; exit 1", LIMIT)) {
      assertThat(process.whyEnded(LIMIT)).endsWith("  " + "x".repeat(300)).hasSizeLessThan(400);
    }
  }

  @Test
  void one_that_runs_has_not_ended_and_its_streams_are_ours() throws Exception {
    try (TunnelProcess process = shell("read word; echo $word back", LIMIT)) {
      assertThat(process.whyEnded(AT_ONCE)).isEmpty();
      process.out().write("there and\n".getBytes(UTF_8));
      process.out().flush();
      assertThat(process.in().readAllBytes()).isEqualTo("there and back\n".getBytes(UTF_8));
    }
  }

  @Test
  void one_that_does_not_end_is_killed() throws Exception {
    TunnelProcess process = shell("trap '' TERM INT HUP; exec sleep 600", AT_ONCE);
    Optional<ProcessHandle> handle = ProcessHandle.of(process.pid());
    assertThat(handle).isPresent();

    process.close();

    assertThat(process.whyEnded(LIMIT)).isEqualTo("the tunnel process was killed");
    process.close();
  }

  @Test
  void one_that_is_not_there_is_named() {
    assertThatThrownBy(() -> TunnelProcess.start(List.of("/nowhere/tunnel"), LIMIT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the tunnel process cannot be started")
        .hasMessageContaining("/nowhere/tunnel");
  }
}
