package io.penstock.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.Scope;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.local.LocalClient;
import io.penstock.node.local.LocalControl;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeManager;
import io.penstock.node.serve.TcpPortHandler;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `serve`, `dial` and `peers` as a user types them, for a node that runs where `node run` keeps
/// it.
class ServeCommandsTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir private Path home;

  private Gateway gateway;
  private Node web;
  private CommandRun command;

  @BeforeEach
  void start() throws Exception {
    gateway =
        Gateway.start(GatewayConfig.builder().data(home.resolve("gateway")).onFreePorts().build());
    web = runNode("web");
    command = new CommandRun(home);
  }

  private Node runNode(String name) throws Exception {
    String token =
        gateway
            .storage()
            .createToken(new CreateTokenRequest("ann", Set.of(Scope.OVERLAY), Optional.empty()))
            .token();
    Node node =
        Node.start(
            NodeConfig.builder("127.0.0.1:" + gateway.addresses().tunnel().getPort(), name)
                .trust(new Trust.CaFile(gateway.caCertificate().orElseThrow()))
                .token(token)
                .nameLimit(LIMIT)
                .state(state(name))
                .build());
    node.localApi();
    node.awaitRunning(LIMIT);
    return node;
  }

  private Path state(String name) {
    return home.resolve(".local/state/penstock/nodes").resolve(name);
  }

  @AfterEach
  void stop() {
    web.close();
    gateway.close();
  }

  private int run(String... words) {
    command = new CommandRun(home);
    return command.run(words);
  }

  // ---- serving in the background ----

  @Test
  void an_app_is_served_in_the_background_shown_and_turned_off() throws Exception {
    assertThat(run("serve", "--bg", "3000")).as(command.err()).isZero();
    assertThat(command.out())
        .contains(
            "Available on the overlay:",
            "https://web.penstock.internal\n|-- / proxy  http://127.0.0.1:3000\n",
            "penstock serve --https 443 off");

    assertThat(run("serve", "--bg", "--set-path", "docs", "text:hello")).isZero();
    assertThat(run("serve", "--bg", "--tcp=5432", "localhost:5432")).isZero();
    assertThat(run("serve", "status")).isZero();
    assertThat(command.out())
        .isEqualToIgnoringWhitespace(
            """
            https://web.penstock.internal
            |-- /     proxy  http://127.0.0.1:3000
            |-- /docs text  hello
            tcp://web.penstock.internal:5432
            |--> tcp://localhost:5432
            """);
    assertThat(web.serve().get().config().tcp()).containsOnlyKeys(443, 5432);

    assertThat(run("serve", "--https=443", "off")).isEqualTo(1);
    assertThat(command.err()).contains("2 paths are served on port 443", "--set-path", "--yes");
    assertThat(run("serve", "--https=443", "--set-path=/docs", "off")).isZero();
    assertThat(command.err()).contains("Turned off https://web.penstock.internal/docs.");
    assertThat(run("serve", "--tcp", "5432", "localhost:5432", "off")).isZero();
    assertThat(run("serve", "off")).isZero();
    assertThat(web.serve().get().config()).isEqualTo(ServeConfig.EMPTY);
    assertThat(run("serve", "status")).isZero();
    assertThat(command.err()).contains("Nothing is served", "penstock serve 3000");
    assertThat(run("serve", "off")).isEqualTo(1);
    assertThat(command.err()).contains("nothing is served at https://web.penstock.internal/");
  }

  @Test
  void the_path_of_a_socket_is_that_of_this_directory() throws Exception {
    assertThat(run("serve", "--bg", "--http=80", "unix:run/app.sock")).as(command.err()).isZero();
    assertThat(run("serve", "--bg", "--tcp=81", "unix:/run/db.sock")).as(command.err()).isZero();
    assertThat(web.serve().get().config().toJson())
        .contains(
            "\"unix:" + Path.of("run/app.sock").toAbsolutePath() + "\"", "\"unix:/run/db.sock\"");
  }

  @Test
  void what_a_command_in_the_foreground_serves_is_turned_off_by_that_command() throws Exception {
    try (LocalControl _ = serveInForeground(new LocalClient(state("web")), 81)) {
      assertThat(run("serve", "--tcp", "81", "off")).isEqualTo(1);
      assertThat(command.err())
          .contains("a command in the foreground serves port 81", "Ctrl-C where that command runs");
    }
  }

  @Test
  void a_command_to_type_next_can_be_typed_as_it_stands() throws Exception {
    assertThat(run("serve", "--bg", "--http=80", "--node=web", "--set-path=/a b", "text:x"))
        .isZero();
    assertThat(command.out()).contains("penstock serve --http 80 --node web --set-path '/a b' off");
    assertThat(run("serve", "--http", "80", "--node", "web", "--set-path", "/a b", "off")).isZero();
  }

  @Test
  void a_port_does_not_change_its_type() throws Exception {
    assertThat(run("serve", "--bg", "--http=80", "3000")).isZero();
    assertThat(run("serve", "--bg", "--tcp=80", "3000")).isEqualTo(1);
    assertThat(command.err())
        .contains("port 80 serves HTTP and would serve TCP", "turn it off first");
    assertThat(run("serve", "--tcp=80", "off")).isEqualTo(1);
    assertThat(command.err()).contains("port 80 serves HTTP and not TCP");
    assertThat(web.serve().get().config().tcp()).containsOnlyKeys(80);
  }

  // ---- the document ----

  @Test
  void the_document_is_written_and_read_back_and_what_it_does_not_have_is_gone() throws Exception {
    assertThat(run("serve", "--bg", "--http=80", "text:one")).isZero();
    Path file = home.resolve("serve.json");
    assertThat(run("serve", "get-config", file.toString())).isZero();
    assertThat(run("serve", "get-config")).isZero();
    assertThat(command.out()).isEqualTo(Files.readString(file));
    assertThat(ServeConfig.parse(Files.readString(file))).isEqualTo(web.serve().get().config());

    assertThat(run("serve", "reset")).isZero();
    assertThat(web.serve().get().config()).isEqualTo(ServeConfig.EMPTY);
    assertThat(run("serve", "set-config", file.toString())).as(command.err()).isZero();
    assertThat(run("serve", "status", "--json")).isZero();
    assertThat(ServeConfig.parse(command.out()))
        .isEqualTo(ServeConfig.parse(Files.readString(file)));

    command = new CommandRun(home).input("{\"TCP\":{\"7\":{\"TCPForward\":\"localhost:7\"}}}");
    assertThat(command.run("serve", "set-config", "-")).as(command.err()).isZero();
    assertThat(web.serve().get().config())
        .isEqualTo(ServeConfig.EMPTY.withPort(7, TcpPortHandler.forward("localhost:7")));
  }

  @Test
  void a_document_is_set_beside_commands_that_come_and_go_meanwhile() throws Exception {
    LocalClient node = new LocalClient(state("web"));
    List<LocalControl> commands = new ArrayList<>();
    Path raced = home.resolve("raced");
    try (InterferingSocket socket =
        InterferingSocket.in(
            raced,
            state("web"),
            3,
            () -> {
              commands.add(serveInForeground(node, 8000 + commands.size()));
              if (commands.size() == 3) {
                commands.getFirst().close();
                await()
                    .atMost(LIMIT)
                    .until(() -> web.serve().get().config().foreground().size() == 2);
              }
            })) {
      command = new CommandRun(home).input("{\"TCP\":{\"7\":{\"TCPForward\":\"localhost:7\"}}}");
      assertThat(command.run("serve", "set-config", "-", "--state", raced.toString()))
          .as(command.err())
          .isZero();
      assertThat(socket.changes()).as("three times somebody was faster").isEqualTo(4);
    }
    ServeConfig served = web.serve().get().config();
    assertThat(served.tcp()).containsOnlyKeys(7);
    assertThat(served.foreground()).containsOnlyKeys(commands.get(1).id(), commands.get(2).id());
    for (LocalControl each : commands) {
      each.close();
    }
  }

  @Test
  void a_document_is_not_set_while_somebody_is_faster_for_ever() throws Exception {
    LocalClient node = new LocalClient(state("web"));
    List<LocalControl> commands = new ArrayList<>();
    Path raced = home.resolve("raced");
    try (InterferingSocket socket =
        InterferingSocket.in(
            raced,
            state("web"),
            Integer.MAX_VALUE,
            () -> commands.add(serveInForeground(node, 8000 + commands.size())))) {
      command = new CommandRun(home).input("{\"TCP\":{\"7\":{\"TCPForward\":\"localhost:7\"}}}");
      assertThat(command.run("serve", "set-config", "-", "--state", raced.toString())).isEqualTo(1);
      assertThat(command.err()).contains("another client is changing the serve config");
      assertThat(socket.changes()).isEqualTo(10);
    }
    assertThat(web.serve().get().config().tcp()).isEmpty();
    for (LocalControl each : commands) {
      each.close();
    }
  }

  /// What a command in the foreground does.
  private static LocalControl serveInForeground(LocalClient node, int port) throws IOException {
    LocalControl control = node.control();
    ServeManager.Snapshot now = node.serveConfig();
    node.setServeConfig(
        now.config()
            .withForeground(
                control.id(),
                ServeConfig.EMPTY.withPort(port, TcpPortHandler.forward("localhost:7"))),
        now.etag());
    return control;
  }

  @Test
  void a_document_that_cannot_be_served_changes_nothing_and_is_told_by_its_field() {
    command = new CommandRun(home).input("{\"TCP\":{\"7\":{\"TCPForward\":\"nowhere\"}}}");
    assertThat(command.run("serve", "set-config", "-")).isEqualTo(1);
    assertThat(command.err()).contains("TCP.7.TCPForward", "nowhere");
    command = new CommandRun(home).input("no document");
    assertThat(command.run("serve", "set-config", "-")).isEqualTo(1);
    assertThat(command.err())
        .contains(
            "penstock: standard input: the serve config cannot be read: it is no JSON",
            "at line 1, column ");
    command = new CommandRun(home).input("{\"AllowFunnel\":{\"web.penstock.internal:443\":true}}");
    assertThat(command.run("serve", "set-config", "-")).isEqualTo(1);
    assertThat(command.err()).contains("AllowFunnel");
    assertThat(run("serve", "set-config", home.resolve("none").toString())).isEqualTo(1);
    assertThat(command.err()).contains("there is no file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n", "null"})
  void no_document_at_all_changes_nothing_and_the_one_that_serves_nothing_does(String nothing)
      throws Exception {
    assertThat(run("serve", "--bg", "--http=80", "text:one")).isZero();
    command = new CommandRun(home).input(nothing);
    assertThat(command.run("serve", "set-config", "-")).isEqualTo(1);
    assertThat(command.err())
        .contains("nothing was changed; to serve nothing: penstock serve reset");
    assertThat(web.serve().get().config().tcp()).containsOnlyKeys(80);

    command = new CommandRun(home).input("{}");
    assertThat(command.run("serve", "set-config", "-")).as(command.err()).isZero();
    assertThat(web.serve().get().config()).isEqualTo(ServeConfig.EMPTY);
  }

  @Test
  void what_a_document_keeps_in_vain_is_told_and_what_is_served_then_is_shown() throws Exception {
    command =
        new CommandRun(home)
            .input("{\"TCP\":{\"80\":{\"HTTP\":true}},\"Tcpx\":{\"443\":{\"HTTPS\":true}}}");
    assertThat(command.run("serve", "set-config", "-")).as(command.err()).isZero();
    assertThat(command.err())
        .contains(
            "penstock: warning: unknown fields, kept and not used: Tcpx\n",
            "penstock: warning: TCP.80 serves nothing: Web has no site HOST:80\n");
    assertThat(command.out())
        .isEqualTo("http://web.penstock.internal:80\n|--> nothing, as no site has this port\n");
    assertThat(web.serve().get().config().toJson()).contains("Tcpx");

    command =
        new CommandRun(home)
            .input(
                "{\"Web\":{\"web.penstock.internal:80\":{\"Handlers\":{\"/\":{\"Text\":\"x\"}}}}}");
    assertThat(command.run("serve", "set-config", "-")).as(command.err()).isZero();
    assertThat(command.err()).contains("is not served: TCP.80 has neither HTTPS nor HTTP true");
    assertThat(command.out()).contains("(not served, as its port is neither HTTPS nor HTTP)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "--bg 3000", "get-config", "set-config -"})
  void a_stored_config_that_is_broken_is_replaced_by_nobody_but_a_reset(String line)
      throws Exception {
    web.close();
    Path stored = state("web").resolve("serve.json");
    Files.writeString(stored, "{\"TCP\": {");
    web = runNode("web");
    command = new CommandRun(home).input("{}");
    assertThat(command.run(("serve " + line).split(" "))).isEqualTo(1);
    assertThat(command.err())
        .contains(
            stored + " cannot be served: the serve config cannot be read: it is no JSON",
            "mend or remove the file, or: penstock serve reset");
    assertThat(Files.readString(stored)).isEqualTo("{\"TCP\": {");

    assertThat(run("serve", "reset")).as(command.err()).isZero();
    assertThat(run("serve", "status")).as(command.err()).isZero();
  }

  // ---- dial and peers ----

  @Test
  void a_dial_carries_input_and_output_and_the_end_of_each() throws Exception {
    try (ServerSocket listener = web.listen(7)) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket accepted = listener.accept()) {
                  byte[] all = accepted.getInputStream().readAllBytes();
                  accepted.getOutputStream().write("got ".getBytes(UTF_8));
                  accepted.getOutputStream().write(all);
                } catch (IOException _) {
                  // The command says what is missing.
                }
              });
      command = new CommandRun(home).input("hello");
      assertThat(command.run("dial", "web", "7")).as(command.err()).isZero();
      assertThat(command.bytes()).isEqualTo("got hello".getBytes(UTF_8));
      assertThat(command.out()).isEmpty();
    }
    assertThat(run("dial", "web", "7")).isEqualTo(1);
    assertThat(command.err()).contains("refused");
  }

  @Test
  void peers_are_listed() throws Exception {
    try (Node _ = runNode("db")) {
      await().atMost(LIMIT).until(() -> web.peers().size() == 2);
      assertThat(run("peers", "--node", "web")).as(command.err()).isZero();
      assertThat(command.out())
          .containsPattern("NAME +USER +ONLINE +ADDRESSES")
          .containsPattern("db +ann +yes +10\\.86\\.[0-9.]+ fd")
          .containsPattern("web +ann +yes ");
      assertThat(run("peers", "--node", "web", "--json")).isZero();
      assertThat(command.out()).startsWith("[{\"id\":").contains("\"name\":\"db\"");
    }
  }

  // ---- which node ----

  @Test
  void the_only_node_is_meant_and_of_several_one_has_to_be_named() throws Exception {
    try (Node _ = runNode("db")) {
      assertThat(run("peers")).isEqualTo(1);
      assertThat(command.err()).contains("several nodes run here: db, web", "--node NAME");
      assertThat(run("serve", "--node", "web", "status")).as(command.err()).isZero();
      assertThat(run("serve", "--node", "web", "get-config")).as(command.err()).isZero();
      assertThat(run("serve", "--node", "cache", "status", "--node", "web")).isZero();
      command = new CommandRun(home).variable("PENSTOCK_NODE", "db");
      assertThat(command.run("serve", "--bg", "--http", "80", "text:db")).isZero();
      assertThat(command.out()).contains("http://db.penstock.internal");
    }
    assertThat(run("serve", "status")).isZero();
    assertThat(command.err()).contains("Nothing is served");
    assertThat(run("peers", "--state", home.resolve(".local/state/penstock/nodes/web").toString()))
        .isZero();
    web.close();
    assertThat(run("peers")).isEqualTo(1);
    assertThat(command.err()).contains("no node runs here", "penstock node run --name NAME");
    assertThat(run("peers", "--node", "web")).isEqualTo(1);
    assertThat(command.err())
        .contains("no node called web runs here", "penstock node run --name web");
  }

  // ---- what makes no sense ----

  @ParameterizedTest
  @CsvSource({
    "TARGET,        serve",
    "one TARGET,    serve 3000 4000",
    "TARGET,        serve localhost",
    "TARGET,        serve ftp://localhost:21",
    "65535,         serve --https 70000 3000",
    "mutually,      serve --https 443 --tcp 22 3000",
    "path,          serve --set-path /a/../b 3000",
    "path,          serve --tcp 22 --set-path /a 22",
    "--proxy-protocol, serve --proxy-protocol 1 3000",
    "TCP takes a port, serve --tcp 22 text:hi",
    "write /a/path, serve ./www",
    "did you mean one of status,  serve stats",
    "--proxy-protocol is 3, serve --tcp 22 --proxy-protocol 3 22",
    "1 or 2,        serve --tcp 22 --proxy-protocol 3 22",
    "--node,        serve --node a_b 3000",
    "mutually,      serve --node web --state /tmp 3000",
    "PORT,          dial web",
    "PORT,          dial web 0",
    "PORT,          dial web ssh",
    "--name,        node run",
    "--name,        node run --name a_b",
  })
  void a_wrong_value_is_usage_and_named(String named, String line) {
    assertThat(run(line.split(" "))).as(command.err()).isEqualTo(2);
    assertThat(command.err()).contains(named, "--help");
  }
}
