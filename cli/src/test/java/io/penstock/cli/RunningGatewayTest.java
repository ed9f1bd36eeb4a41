package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.HostPort;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.AdminSettings;
import io.penstock.gateway.config.DataDirectory;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.config.OverlaySettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the commands say to and about a gateway that runs.
class RunningGatewayTest {

  private static final String NO_PIN = "sha256:" + "00".repeat(32);

  @TempDir private Path home;
  @TempDir private Path data;

  private Gateway gateway;
  private CommandRun command;

  @BeforeEach
  void start() throws IOException {
    gateway = Gateway.start(GatewayConfig.builder().data(data).onFreePorts().build());
    command = new CommandRun(home);
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private int admin(String... words) {
    command = new CommandRun(home).variable("PENSTOCK_DATA", data.toString());
    return command.run(words);
  }

  /// Runs an agent that cannot come to serve, with the token that was made last.
  private int agent(String pin, String token, String... more) {
    var tunnel = gateway.addresses().tunnel();
    String[] words = new String[more.length + 6];
    words[0] = "http";
    words[1] = "1";
    words[2] = "--gateway";
    words[3] = new HostPort(tunnel.getAddress().getHostAddress(), tunnel.getPort()).toString();
    words[4] = "--fingerprint";
    words[5] = pin;
    System.arraycopy(more, 0, words, 6, more.length);
    command = new CommandRun(home).variable("PENSTOCK_TOKEN", token);
    return command.run(words);
  }

  private String pin() {
    return gateway.fingerprint().orElseThrow();
  }

  private String newToken(String user) {
    assertThat(admin("token", "create", "--user", user, "--scope", "connect")).isZero();
    return command.out().strip();
  }

  @Test
  void aTokenIsMadeListedAndRevoked() {
    assertThat(admin("token", "create", "--user", "ann", "--scope", "connect", "--json")).isZero();
    assertThat(command.out())
        .matches(
            "\\{\"id\":\"tok_[0-9a-f]+\",\"token\":\"pst_[^\"]+\",\"user\":\"ann\","
                + "\"scopes\":\\[\"connect\"],\"expires\":null}\\s*");
    String id = command.out().replaceFirst("(?s).*\"id\":\"([^\"]+)\".*", "$1");

    assertThat(admin("token", "list")).isZero();
    assertThat(command.out()).containsPattern(id + " +ann +connect +\\S+ +never +-");
    assertThat(admin("token", "revoke", id)).isZero();
    assertThat(admin("token", "list", "--json")).isZero();
    assertThat(command.out()).contains("\"id\":\"" + id + "\"").doesNotContain("pst_");
    assertThat(admin("token", "list")).isZero();
    assertThat(command.out()).containsPattern(id + " +ann +connect +\\S+ +never +20\\S+");
  }

  @Test
  void onlyTheSecretOfATokenGoesToStandardOutput() {
    assertThat(newToken("ann")).matches("pst_[A-Za-z0-9_-]{43}");
    assertThat(command.err()).contains("of ann, scopes connect, never expires");
  }

  @Test
  void aRouteIsAddedListedAndRemoved() {
    assertThat(admin("route", "list")).isZero();
    assertThat(command.err()).contains("No routes yet", "penstock route add");
    assertThat(admin("route", "add", "App.localhost/api/", "--user", "ann")).isZero();
    assertThat(command.out()).isEqualToIgnoringNewLines("app.localhost/api");
    assertThat(command.err()).contains("http://app.localhost:");

    assertThat(admin("route", "list", "--json")).isZero();
    assertThat(command.out()).startsWith("[{\"route\":\"app.localhost/api\",\"user\":\"ann\",");
    assertThat(admin("route", "remove", "app.localhost/api")).isZero();
    assertThat(admin("route", "list", "--json")).isZero();
    assertThat(command.out()).isEqualToIgnoringNewLines("[]");
  }

  @ParameterizedTest
  @CsvSource({
    "token revoke nope,             there is no token,   penstock token list",
    "route remove nope.localhost,   there is no route,   penstock route list",
    "backend kill nope,             there is no backend, penstock backend list",
  })
  void whatTheGatewayDoesNotKnowIsAFailureThatSaysWhereToLook(
      String line, String what, String next) {
    assertThat(admin(line.split(" "))).isEqualTo(1);
    assertThat(command.err()).contains("penstock: " + what, "Try: " + next);
  }

  @Test
  void aRouteThatIsTakenIsAFailureThatNamesItsOwner() {
    assertThat(admin("route", "add", "app.localhost", "--user", "ann")).isZero();
    assertThat(admin("route", "add", "app.localhost", "--user", "bob")).isEqualTo(1);
    assertThat(command.err()).contains("exists already and belongs to ann");
  }

  @ParameterizedTest
  @CsvSource({
    "0s,  --expires is 0",
    "3x,  '\"3x\" is no duration, allowed is a duration with its unit'",
    "30,  '\"30\" is no duration'",
  })
  void aDurationThatIsNoneIsUsage(String duration, String what) {
    assertThat(
            admin("token", "create", "--user", "ann", "--scope", "connect", "--expires", duration))
        .isEqualTo(2);
    assertThat(command.err()).contains(what, "Try: penstock token create --help");
  }

  @Test
  void aTokenWithoutTheScopeAdminIsRefusedWithWhatToGive() throws IOException {
    Path file = Files.writeString(home.resolve("ann.token"), newToken("ann"));
    assertThat(admin("route", "list", "--token-file", file.toString())).isEqualTo(1);
    assertThat(command.err()).contains("the token of ann lacks the scope admin", "--token-file");
  }

  @Test
  void aDirectoryWithoutAGatewayIsNamed() {
    Path other = home.resolve("other");
    assertThat(admin("token", "list", "--data", other.toString())).isEqualTo(1);
    assertThat(command.err())
        .contains("no gateway runs with the data directory " + other, "Try: penstock gateway");
  }

  @Test
  void theTokenOfOneGatewayIsNotShownToAnother() {
    String address = new HostPort("127.0.0.1", gateway.addresses().admin().getPort()).toString();
    command = new CommandRun(home);

    assertThat(command.run("token", "list", "--admin", address)).isEqualTo(1);

    assertThat(command.err()).contains("no admin token was given for that gateway", "--token-file");
    assertThat(admin("token", "list", "--admin", address)).isZero();
  }

  @Test
  void aPortThatIsTakenIsNamedWithTheOptionForAnother() {
    var admin = gateway.addresses().admin();
    String taken = new HostPort("127.0.0.1", admin.getPort()).toString();
    String any = "127.0.0.1:0";
    for (String flag : new String[] {"--admin", "--tunnel", "--ingress-http"}) {
      command = new CommandRun(home);
      int exit = command.run(gatewayOn(home.resolve("second"), any, flag, taken));
      assertThat(exit).as(flag).isEqualTo(1);
      assertThat(command.err())
          .containsPattern("cannot listen on " + taken + " \\(\\S+\\): Address already in use")
          .contains("Try: another address with " + flag, "ss -ltnp");
    }
  }

  @Test
  void aUdpPortThatIsTakenIsLookedForAmongThoseOfUdp() {
    var overlay = gateway.addresses().overlay().orElseThrow();
    String taken = new HostPort("127.0.0.1", overlay.getPort()).toString();
    assertThat(command.run(gatewayOn(home.resolve("second"), "127.0.0.1:0", "--overlay", taken)))
        .isEqualTo(1);
    assertThat(command.err())
        .contains("cannot listen on " + taken, "Try: another address with --overlay", "ss -lunp")
        .contains("(overlay.quic): Address already in use");
  }

  private static String[] gatewayOn(Path directory, String any, String flag, String taken) {
    String[] words = {
      "gateway",
      "--data",
      directory.toString(),
      "--log-level",
      "error",
      "--ingress-https",
      any,
      "--ingress-http",
      any,
      "--tunnel",
      any,
      "--admin",
      any,
      "--overlay",
      any
    };
    for (int i = 0; i < words.length; i++) {
      if (words[i].equals(flag)) {
        words[i + 1] = taken;
      }
    }
    return words;
  }

  @Test
  void aSecondGatewayForTheSameDirectoryIsToldToTakeItsOwn() {
    assertThat(command.run("gateway", "--data", data.toString())).isEqualTo(1);
    assertThat(command.err()).contains("another gateway runs", "--data DIR");
  }

  @Test
  void anAgentIsToldWhatIsWrongAndWhatToType() {
    String token = newToken("ann");
    assertThat(agent(pin(), "pst_wrong")).isEqualTo(1);
    assertThat(command.err()).contains("refused this agent: the token is unknown", "token create");
    assertThat(agent(pin(), token)).isEqualTo(1);
    assertThat(command.err()).contains("ann has no route", "penstock route add DOMAIN --user ann");
    assertThat(agent(pin(), token, "--domain", "no.localhost")).isEqualTo(1);
    assertThat(command.err()).contains("no route no.localhost", "penstock route add no.localhost");

    assertThat(admin("route", "add", "a.localhost", "--user", "ann")).isZero();
    assertThat(admin("route", "add", "b.localhost", "--user", "ann")).isZero();
    assertThat(agent(pin(), token)).isEqualTo(1);
    assertThat(command.err()).contains("choose with --domain: a.localhost, b.localhost");
    assertThat(admin("route", "add", "*.c.localhost", "--user", "ann")).isZero();
    assertThat(agent(pin(), token)).isEqualTo(1);
    assertThat(command.err()).contains("--domain: '*.c.localhost', a.localhost, b.localhost");
    assertThat(agent(pin(), newToken("bob"), "--domain", "a.localhost")).isEqualTo(1);
    assertThat(command.err()).contains("a.localhost does not belong to bob");
  }

  @Test
  void anAgentGivesUpOnAGatewayThatItCannotTrust() {
    assertThat(agent(NO_PIN, newToken("ann"))).isEqualTo(1);
    assertThat(command.err())
        .contains("certificate is not trusted", pin(), "--fingerprint", "--ca");
    assertThat(command.err().lines().count()).as(command.err()).isLessThanOrEqualTo(2);
  }

  @Test
  void anAppThatIsNotThereIsSaidBeforeVisitorsFindOut() {
    assertThat(agent(NO_PIN, newToken("ann"))).isEqualTo(1);
    assertThat(command.err()).contains("warning: nothing listens at http://localhost:1 yet");
  }

  @Test
  void aLoginNamesTheRoutesAndTheCommandThatComesNext() {
    String token = newToken("ann");
    assertThat(admin("route", "add", "a.localhost", "--user", "ann")).isZero();
    assertThat(admin("route", "add", "b.localhost", "--user", "ann")).isZero();
    var tunnel = gateway.addresses().tunnel();
    command = new CommandRun(home).variable("PENSTOCK_TOKEN", token);
    assertThat(command.run("login", "127.0.0.1:" + tunnel.getPort(), "--fingerprint", pin()))
        .isZero();
    assertThat(command.out().lines()).containsExactly("a.localhost", "b.localhost");
    assertThat(command.err()).contains("Next: penstock http 8080 --domain a.localhost");
  }

  private int login(String... scopes) {
    List<String> words = new ArrayList<>(List.of("token", "create", "--user", "ann"));
    for (String scope : scopes) {
      words.addAll(List.of("--scope", scope));
    }
    assertThat(admin(words.toArray(String[]::new))).isZero();
    command = new CommandRun(home).variable("PENSTOCK_TOKEN", command.out().strip());
    return command.run(
        "login", "127.0.0.1:" + gateway.addresses().tunnel().getPort(), "--fingerprint", pin());
  }

  @Test
  void aLoginWithATokenForNodesSaysWhatItIsGoodFor() {
    assertThat(login("overlay")).as(command.err()).isZero();
    assertThat(command.err())
        .contains("Remembered 127.0.0.1:", "has the scope overlay", "Next: penstock ping gateway")
        .doesNotContain("penstock http");
    assertThat(command.run("ping", "gateway", "-c", "1")).as(command.err()).isZero();

    assertThat(login("overlay")).isZero();
    assertThat(login("connect", "overlay")).isZero();
    assertThat(command.err())
        .contains("penstock route add", "Next: penstock http 8080", "Next: penstock ping gateway")
        .doesNotContain("has the scope overlay");
  }

  @Test
  void aLoginWithATokenThatIsGoodForNothingThereIsRefused() throws IOException {
    assertThat(login("admin")).isEqualTo(1);
    assertThat(command.err())
        .contains("neither the scope connect, for http, nor the scope overlay, for ping")
        .doesNotContain("Remembered");

    gateway.close();
    GatewayConfig.Builder same = GatewayConfig.builder().data(data).onFreePorts();
    gateway = Gateway.start(same.overlay(OverlaySettings.DEFAULT.off()).build());
    assertThat(login("overlay")).isEqualTo(1);
    assertThat(command.err()).contains("lacks the scope connect, and the gateway has no overlay");
  }

  @Test
  void aLoginReplacesWhatIsNoTextAndNamesADirectoryInItsPlace() throws Exception {
    Path file = home.resolve(".config/penstock/login.toml");
    Files.createDirectories(file.getParent());
    Files.write(file, new byte[] {(byte) 0xff, 0, 1});
    assertThat(login("connect")).as(command.err()).isZero();
    assertThat(command.err()).contains("what is in " + file + " cannot be used and is replaced");
    Files.delete(file);

    Files.createDirectory(file);
    assertThat(login("connect")).isEqualTo(1);
    assertThat(command.err()).contains(file + " is a directory", "remove it");
  }

  @Test
  void aLoginReplacesWhatCannotBeReadAndQuotesARouteForTheShell() throws Exception {
    Path file = home.resolve("config/penstock/login.toml");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "gateway = [\n");
    String token = newToken("ann");
    assertThat(admin("route", "add", "*.localhost", "--user", "ann")).isZero();
    assertThat(admin("route", "add", "z.localhost", "--user", "ann")).isZero();
    var tunnel = gateway.addresses().tunnel();
    command =
        new CommandRun(home)
            .variable("PENSTOCK_TOKEN", token)
            .variable("XDG_CONFIG_HOME", home.resolve("config").toString());

    assertThat(command.run("login", "127.0.0.1:" + tunnel.getPort(), "--fingerprint", pin()))
        .isZero();

    assertThat(command.err())
        .contains("what is in " + file + " cannot be used and is replaced")
        .contains("Next: penstock http 8080 --domain '*.localhost'");
    assertThat(Login.read(file).gateway())
        .contains(HostPort.parse("127.0.0.1:" + tunnel.getPort()));
  }

  @Test
  void commandsReachAnAdminListenerWithTlsByTheDataDirectoryAlone() throws Exception {
    Path second = home.resolve("second");
    AdminSettings secure =
        new AdminSettings(
            new HostPort("127.0.0.1", 0),
            Optional.of(data.resolve("gateway.crt")),
            Optional.of(data.resolve("gateway.key")),
            AdminSettings.DEFAULT.hosts(),
            AdminSettings.DEFAULT_MAX_CONNECTIONS,
            AdminSettings.DEFAULT.limits());
    GatewayConfig config = GatewayConfig.builder().data(second).onFreePorts().admin(secure).build();
    try (Gateway running = Gateway.start(config)) {
      assertThat(second.resolve(DataDirectory.ADMIN_ADDRESS_FILE))
          .content()
          .startsWith("https://127.0.0.1:" + running.addresses().admin().getPort() + " sha256:");
      assertThat(admin("token", "list", "--data", second.toString())).isZero();
      assertThat(command.out()).contains("admin");
    }
  }
}
