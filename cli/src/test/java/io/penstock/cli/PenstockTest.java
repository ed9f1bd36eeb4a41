package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class PenstockTest {

  @TempDir private static Path home;

  private CommandRun command;

  @BeforeEach
  void prepare() {
    command = new CommandRun(home);
  }

  @Test
  void theVersionTellsTheJdkAndTheNativeParts() {
    assertThat(command.run("version")).isZero();
    assertThat(command.out())
        .containsPattern("penstock +[0-9]+\\.[0-9]+")
        .containsPattern("jdk +25")
        .containsPattern("epoll +(active|not active)")
        .containsPattern("openssl +(active|not active)")
        .containsPattern("quic +(active|not active)");
  }

  @Test
  void theVersionAsJsonIsOneObject() {
    assertThat(command.run("version", "--json")).isZero();
    assertThat(command.out())
        .startsWith("{\"version\":\"")
        .contains("\"native\":{\"epoll\":")
        .endsWith("}" + System.lineSeparator());
  }

  @Test
  void aMissingCommandIsUsage() {
    assertThat(command.run()).isEqualTo(2);
    assertThat(command.err()).contains("a command is missing", "Try: penstock --help");
    assertThat(command.out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"token", "route", "backend", "node", "lease"})
  void aGroupOfCommandsAloneIsUsage(String group) {
    assertThat(command.run(group)).isEqualTo(2);
    assertThat(command.err()).contains("Try: penstock " + group + " --help");
  }

  @Test
  void aMistypedCommandIsUsageWithTheNearestOne() {
    assertThat(command.run("tokn")).isEqualTo(2);
    assertThat(command.err()).contains("tokn", "Did you mean: token?");
  }

  @Test
  void aMistypedOptionIsUsageWithTheNearestOne() {
    assertThat(command.run("token", "list", "--jsno")).isEqualTo(2);
    assertThat(command.err()).contains("--jsno", "--json", "Try: penstock token list --help");
  }

  @Test
  void aMissingOptionIsUsageAndNamed() {
    assertThat(command.run("token", "create", "--user", "ann")).isEqualTo(2);
    assertThat(command.err()).contains("--scope");
  }

  @Test
  void aWrongValueIsUsageWithWhatIsAllowed() {
    assertThat(command.run("token", "create", "--user", "ann", "--scope", "root")).isEqualTo(2);
    assertThat(command.err()).contains("root", "connect, overlay, admin");
    assertThat(command.run("route", "add", "http://x.example", "--user", "ann")).isEqualTo(2);
    assertThat(command.err()).contains("is a URL; leave out the scheme");
    assertThat(command.run("lease", "release", "10.86.0.256")).isEqualTo(2);
    assertThat(command.err()).contains("allowed is an IPv4 or IPv6 address");
    assertThat(command.run("backend", "list", "--admin", "nowhere")).isEqualTo(2);
    assertThat(command.err()).contains("HOST:PORT");
  }

  @Test
  void listingByDomainAndByUserAtOnceIsUsage() {
    assertThat(command.run("backend", "list", "--domain", "a.example", "--user", "ann"))
        .isEqualTo(2);
    assertThat(command.err()).contains("mutually exclusive");
  }

  @ParameterizedTest
  @MethodSource("everyCommand")
  void everyCommandHasHelpWithExamples(List<String> path) {
    List<String> args = new ArrayList<>(path);
    args.add("--help");
    assertThat(command.run(args.toArray(String[]::new))).isZero();
    assertThat(command.out()).contains("Usage: ", "Examples:");
    assertThat(command.err()).isEmpty();
  }

  static Stream<List<String>> everyCommand() {
    return paths(Penstock.commandLine(new CommandRun(home).console()), List.of());
  }

  private static Stream<List<String>> paths(CommandLine command, List<String> path) {
    return Stream.concat(
        Stream.of(path),
        command.getSubcommands().entrySet().stream()
            .flatMap(
                entry ->
                    paths(
                        entry.getValue(),
                        Stream.concat(path.stream(), Stream.of(entry.getKey())).toList())));
  }

  @Test
  void theCompletionScriptKnowsTheCommands() {
    assertThat(command.run("generate-completion")).isZero();
    assertThat(command.out()).contains("complete -F", "penstock", "revoke", "--token-file");
  }
}
