package io.penstock.it.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.overlay.CommandProcess;
import io.penstock.it.overlay.OverlayNode;
import io.penstock.it.overlay.TestOverlay;
import io.penstock.it.overlay.WatchedDns;
import io.penstock.node.Node;
import io.penstock.node.serve.HttpHandler;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.TcpPortHandler;
import io.penstock.testkit.PostgresCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.digest.BuiltinDigests;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.shell.ProcessShellCommandFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Libraries that know nothing of us reach hosts of the overlay by name, each in a program of its
/// own whose DNS server must not hear of it.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class LibrariesByNameTest {

  private static final String NAME = "db.penstock.internal";

  @TempDir private Path data;

  private TestOverlay overlay;
  private Node db;
  private WatchedDns dns;

  @BeforeEach
  void start() throws Exception {
    dns = WatchedDns.start(Files.createDirectory(data.resolve("etc")));
    overlay = TestOverlay.start(data.resolve("gateway"));
    var token = overlay.token("ann");
    Files.writeString(data.resolve("token"), token.token());
    db = OverlayNode.join(overlay, "db", token);
  }

  @AfterEach
  void close() {
    if (overlay != null) {
      db.close();
      overlay.close();
      dns.close();
    }
  }

  /// The arguments of an example: how to join, and its own words.
  private List<String> program(Class<?> example, String... words) {
    List<String> program = new ArrayList<>();
    program.add(example.getName());
    program.add("127.0.0.1:" + overlay.gateway().addresses().tunnel().getPort());
    program.add(overlay.gateway().caCertificate().orElseThrow().toString());
    program.add(data.resolve("token").toString());
    program.addAll(List.of(words));
    return program;
  }

  private CommandProcess run(Map<String, String> environment, List<String> program)
      throws Exception {
    return CommandProcess.start(data, dns.command(), environment, program);
  }

  private static void assertSays(CommandProcess example, String expected) throws Exception {
    int status = example.awaitEnd();
    assertThat(status).as(example.err()).isZero();
    assertThat(example.out()).contains(expected);
  }

  @Test
  void postgresql_jdbc_reaches_a_database_behind_a_forward_and_no_dns_query_is_sent()
      throws Exception {
    try (PostgresCluster postgres = PostgresCluster.start()) {
      db.serve().set(forward(5432, postgres.port()));
      Map<String, String> password = Map.of("PGPASSWORD", PostgresCluster.PASSWORD);
      try (CommandProcess app =
          run(password, program(PostgresByName.class, NAME, PostgresCluster.USER))) {
        assertSays(app, "PostgreSQL ");
      }
      assertThat(dns.asked()).isEmpty();

      try (CommandProcess app =
          run(password, program(PostgresByName.class, "db.invalid", PostgresCluster.USER))) {
        assertThat(app.awaitEnd()).isNotZero();
      }
      assertThat(dns.asked()).as("a name of no overlay is asked for").contains("db.invalid");
    }
  }

  @Test
  void a_short_name_that_a_peer_bears_is_no_dns_query_either() throws Exception {
    try (PostgresCluster postgres = PostgresCluster.start()) {
      db.serve().set(forward(5432, postgres.port()));
      try (CommandProcess app =
          run(
              Map.of("PGPASSWORD", PostgresCluster.PASSWORD),
              program(PostgresByName.class, "db", PostgresCluster.USER))) {
        assertSays(app, "PostgreSQL ");
      }
      assertThat(dns.asked()).isEmpty();
    }
  }

  private static ServeConfig forward(int from, int to) {
    return ServeConfig.EMPTY.withPort(from, TcpPortHandler.forward("127.0.0.1:" + to));
  }

  @Test
  void okhttp_gets_a_page_by_socket_factory_and_dns() throws Exception {
    db.serve()
        .set(
            ServeConfig.EMPTY
                .withPort(80, TcpPortHandler.toHttp())
                .withHandler(NAME, 80, "/", HttpHandler.textOf("a served text")));
    try (CommandProcess client =
        run(Map.of(), program(OkHttpByName.class, "http://" + NAME + "/"))) {
      assertSays(client, "a served text");
    }
    assertThat(dns.asked()).isEmpty();
  }

  @Test
  void the_client_of_the_jdk_gets_a_page_through_the_loopback_proxy() throws Exception {
    db.serve()
        .set(
            ServeConfig.EMPTY
                .withPort(443, TcpPortHandler.toHttps())
                .withHandler(NAME, 443, "/", HttpHandler.textOf("a secret text")));
    List<String> program = program(JdkHttpThroughProxy.class, "https://" + NAME + "/");
    program.addFirst("-Djdk.http.auth.tunneling.disabledSchemes=");
    try (CommandProcess client = run(Map.of(), program)) {
      assertSays(client, "a secret text");
    }
    assertThat(dns.asked()).isEmpty();
  }

  @Test
  void sshj_runs_a_command_behind_a_forward() throws Exception {
    KeyPair key = KeyPairGenerator.getInstance("RSA").generateKeyPair();
    try (SshServer sshd = SshServer.setUpDefaultServer()) {
      sshd.setHost("127.0.0.1");
      sshd.setKeyPairProvider(KeyPairProvider.wrap(key));
      sshd.setPasswordAuthenticator(
          (user, password, _) -> user.equals("ann") && password.equals("a password"));
      sshd.setCommandFactory(ProcessShellCommandFactory.INSTANCE);
      sshd.start();
      db.serve().set(forward(22, sshd.getPort()));

      String fingerprint = KeyUtils.getFingerPrint(BuiltinDigests.sha256, key.getPublic());
      try (CommandProcess client =
          run(
              Map.of("SSHPASS", "a password"),
              program(SshjByName.class, NAME, fingerprint, "ann", "echo over $((40 + 2))"))) {
        assertSays(client, "over 42");
      }
    }
    assertThat(dns.asked()).isEmpty();
  }
}
