package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `ping` says before it joins a network.
class PingCommandTest {

  @TempDir private Path home;

  private CommandRun command;

  @BeforeEach
  void prepare() {
    command = new CommandRun(home);
  }

  @ParameterizedTest
  @CsvSource({
    "NODE,            ping a_b",
    "NODE,            ping 10.86.0.300",
    "NODE,            ping",
    "size,            ping db --size 70000",
    "ttl,             ping db --ttl 0",
    "timeout,         ping db --timeout 0s",
    "--count,         ping db --count 0",
    "--interval,      ping db --interval 0s",
    "--interval,      ping db --interval soon",
    "--gateway,       ping db --gateway gw:x",
    "mutually,        ping db -4 -6",
  })
  void a_wrong_value_is_usage_and_named(String named, String line) {
    assertThat(command.run(line.split(" "))).isEqualTo(2);
    assertThat(command.err()).contains(named, "penstock ping --help");
  }

  @Test
  void without_a_token_it_says_how_to_give_one_and_makes_no_node() {
    assertThat(command.run("ping", "db", "--gateway", "gw.example:7443")).isEqualTo(1);
    assertThat(command.err()).contains("no token", "--token-file", "overlay");
    assertThat(Files.exists(home.resolve(".local"))).isFalse();
  }

  @Test
  void a_gateway_that_is_not_there_is_told_in_one_line() {
    assertThat(
            command
                .variable("PENSTOCK_TOKEN", "pst_x")
                .run("ping", "db", "-c", "1", "--gateway", "127.0.0.1:1"))
        .isEqualTo(1);
    assertThat(command.err()).contains("nothing answers", "127.0.0.1:1");
    assertThat(Files.exists(home.resolve(".local/state/penstock/ping/1/node.pem"))).isTrue();
  }
}
