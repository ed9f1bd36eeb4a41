package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.Scope;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.node.identity.NodeIdentity;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `node run` says when it cannot come to run.
class NodeRunCommandTest {

  @TempDir private Path home;

  @Test
  void without_a_token_it_says_how_to_give_one_and_makes_no_node() {
    CommandRun command = new CommandRun(home);
    assertThat(command.run("node", "run", "--name", "web", "--gateway", "gw.example:7443"))
        .isEqualTo(1);
    assertThat(command.err()).contains("no token", "--token-file", "overlay");
    assertThat(Files.exists(home.resolve(".local"))).isFalse();
  }

  @Test
  void a_node_that_the_gateway_refuses_ends_and_says_what_to_do() throws Exception {
    try (Gateway gateway =
        Gateway.start(
            GatewayConfig.builder().data(home.resolve("gateway")).onFreePorts().build())) {
      String token =
          gateway
              .storage()
              .createToken(new CreateTokenRequest("ann", Set.of(Scope.CONNECT), Optional.empty()))
              .token();
      CommandRun command = new CommandRun(home).variable("PENSTOCK_TOKEN", token);
      assertThat(
              command.run(
                  "node",
                  "run",
                  "--name",
                  "web",
                  "--gateway",
                  "127.0.0.1:" + gateway.addresses().tunnel().getPort(),
                  "--fingerprint",
                  gateway.fingerprint().orElseThrow()))
          .isEqualTo(1);
      assertThat(command.err())
          .contains("joining the overlay of 127.0.0.1:", "the node has ended", "--scope overlay");
      assertThat(home.resolve(".local/state/penstock/nodes/web/node.sock")).doesNotExist();
    }
  }

  @Test
  void a_state_directory_has_one_node() throws Exception {
    Path state = home.resolve("state");
    try (NodeIdentity _ = NodeIdentity.open(state)) {
      CommandRun command = new CommandRun(home).variable("PENSTOCK_TOKEN", "pst_x");
      assertThat(
              command.run(
                  "node",
                  "run",
                  "--name",
                  "web",
                  "--state",
                  state.toString(),
                  "--gateway",
                  "127.0.0.1:1"))
          .isEqualTo(1);
      assertThat(command.err()).contains(state.toString());
    }
  }
}
