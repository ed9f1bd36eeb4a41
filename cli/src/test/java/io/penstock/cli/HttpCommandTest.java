package io.penstock.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What `http` and `login` say before an agent runs.
class HttpCommandTest {

  @TempDir private Path home;

  private CommandRun command;

  @BeforeEach
  void prepare() {
    command = new CommandRun(home);
  }

  @Test
  void withoutAGatewayItSaysHowToNameOne() {
    assertThat(command.run("http", "8080")).isEqualTo(1);
    assertThat(command.err()).contains("which gateway?", "penstock login HOST:PORT", "--gateway");
  }

  @Test
  void withoutATokenItSaysHowToGiveOne() {
    assertThat(command.run("http", "8080", "--gateway", "gw.example:7443")).isEqualTo(1);
    assertThat(command.err()).contains("no token", "--token-file", "PENSTOCK_TOKEN");
  }

  @Test
  void theTunnelPortMayBeLeftOut() {
    assertThat(command.run("http", "8080", "--gateway", "gw.example")).isEqualTo(1);
    assertThat(command.err()).contains("no token");
  }

  @ParameterizedTest
  @CsvSource({
    "TARGET,       http nowhere",
    "TARGET,       http 70000",
    "--gateway,    http 8080 --gateway gw:x",
    "--domain,     http 8080 --domain a_b",
    "--transport,  http 8080 --transport quic",
    "--fingerprint,http 8080 --fingerprint sha1:00",
    "the app,      http 8080 --host-header 'a b'",
    "HOST:PORT,    login gw.example:x",
  })
  void aWrongValueIsUsageAndNamed(String named, String line) {
    String[] words = line.replace("'a b'", "a\u0001b").split(" ");
    assertThat(command.run(words)).isEqualTo(2);
    assertThat(command.err()).contains(named, "--help");
  }

  @Test
  void twoWaysOfGivingTheTokenAreUsage() {
    assertThat(command.run("http", "8080", "--token", "a", "--token-file", "b")).isEqualTo(2);
    assertThat(command.err()).contains("mutually exclusive");
  }

  @Test
  void twoWaysOfKnowingTheGatewayAreUsage() {
    assertThat(command.run("http", "8080", "--ca", "f", "--insecure-skip-verify")).isEqualTo(2);
    assertThat(command.err()).contains("mutually exclusive");
  }

  @Test
  void aTokenFileThatIsMissingIsNamed() {
    Path missing = home.resolve("none.token");
    assertThat(command.run("http", "8080", "--gateway", "g:1", "--token-file", missing.toString()))
        .isEqualTo(1);
    assertThat(command.err()).contains("there is no file " + missing);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway = ", "gatewya = \"gw:1\"", "fingerprint = \"sha1:00\""})
  void aLoginThatCannotBeReadIsToBeRemoved(String remembered) throws IOException {
    Path file = home.resolve("penstock/login.toml");
    Files.createDirectories(file.getParent());
    Files.writeString(file, remembered + "\n");
    command.variable("XDG_CONFIG_HOME", home.toString());

    assertThat(command.run("http", "8080", "--gateway", "g:1", "--token-file", "-")).isEqualTo(1);
    assertThat(command.err())
        .contains("what login remembers cannot be used", file + "", "remove " + file)
        .doesNotContain("bug");
  }

  @Test
  void aLoginThatIsNoTextIsToBeRemoved() throws IOException {
    Path file = home.resolve("penstock/login.toml");
    Files.createDirectories(file.getParent());
    Files.write(file, new byte[] {(byte) 0xff, 0, 1});
    command.variable("XDG_CONFIG_HOME", home.toString());

    assertThat(command.run("http", "8080")).isEqualTo(1);
    assertThat(command.err())
        .contains("what login remembers cannot be used", "not text", "remove " + file);
  }

  @Test
  void aLoginToAnotherPortNamesTheTunnelPort() throws IOException {
    try (ServerSocket web = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      int port = web.getLocalPort();
      Thread.ofVirtual().start(() -> answerInPlainText(web));
      assertThat(command.run("login", "127.0.0.1:" + port)).isEqualTo(1);
      assertThat(command.err())
          .contains("speaks no TLS")
          .doesNotContain("plaintext")
          .contains(
              "Try: penstock login 127.0.0.1:7443, if "
                  + port
                  + " is not the gateway's tunnel port");
    }
  }

  /// What a web server without TLS does with whoever greets it with TLS, as often as it is asked:
  /// it hears, answers, and waits for the other side's end, so that no reset overtakes its answer.
  private static void answerInPlainText(ServerSocket web) {
    while (!web.isClosed()) {
      try (Socket visitor = web.accept()) {
        visitor.setSoTimeout(10_000);
        if (visitor.getInputStream().read(new byte[4_096]) > 0) {
          visitor.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(UTF_8));
          visitor.shutdownOutput();
          visitor.getInputStream().transferTo(OutputStream.nullOutputStream());
        }
      } catch (IOException _) {
        // The visitor has gone, or the server was closed.
      }
    }
  }

  @Test
  void aLoginToNobodyFailsAndRemembersNothing() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    command.variable("XDG_CONFIG_HOME", home.toString());
    assertThat(command.run("login", "127.0.0.1:" + free)).isEqualTo(1);
    assertThat(command.err()).contains("nothing answers", "127.0.0.1:" + free);
    assertThat(Files.exists(home.resolve("penstock"))).isFalse();
  }
}
