package io.penstock.it.overlay;

import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `penstock gateway` in a process of its own, with its data under the home of a test. It may be
/// killed, and started again at the same addresses.
public final class GatewayProcess implements AutoCloseable {

  private static final String LOOPBACK = "127.0.0.1";
  private static final String ANY_PORT = LOOPBACK + ":0";
  private static final String LAST_WORDS = "--token-file node.token";

  private final Path home;
  private final Map<String, String> environment;
  private final String tunnel;
  private final String quic;
  private final String fingerprint;
  private CommandProcess command;

  private GatewayProcess(Path home, Map<String, String> environment, String host)
      throws IOException {
    this.home = home;
    this.environment = environment;
    command = run(home, environment, host + ":0", host + ":0");
    command.awaitOut(LAST_WORDS);
    tunnel = said("Agents +(\\S+) \\(TLS\\)");
    quic = said("Nodes +(\\S+) \\(QUIC\\)");
    fingerprint = said("Fingerprint +(\\S+)");
  }

  /// Starts one on free ports, whose tunnels are found idle within seconds.
  static GatewayProcess start(Path home, Map<String, String> more) throws IOException {
    Map<String, String> environment = new HashMap<>(more);
    environment.put("PENSTOCK_OVERLAY_TUNNEL_IDLE_TIMEOUT", "4s");
    environment.put("PENSTOCK_OVERLAY_TUNNEL_KEEP_ALIVE", "1s");
    return new GatewayProcess(home, environment, LOOPBACK);
  }

  /// Starts one that agents and nodes reach at an address of the network that the calling thread is
  /// in.
  public static GatewayProcess startAt(Path home, String host) throws IOException {
    return new GatewayProcess(home, Map.of(), host);
  }

  private static CommandProcess run(
      Path home, Map<String, String> environment, String tunnel, String quic) throws IOException {
    return CommandProcess.start(
        home,
        environment,
        "gateway",
        "--data",
        data(home).toString(),
        "--ingress-http",
        ANY_PORT,
        "--ingress-https",
        ANY_PORT,
        "--admin",
        ANY_PORT,
        "--tunnel",
        tunnel,
        "--overlay",
        quic);
  }

  private static Path data(Path home) {
    return home.resolve("gateway");
  }

  private String said(String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(command.out());
    if (!matcher.find()) {
      throw new AssertionError("no " + pattern + " in: " + command.out());
    }
    return matcher.group(1);
  }

  /// Ends it without a warning and starts another one at once.
  void killAndRestart() throws IOException, InterruptedException {
    command.process().destroyForcibly();
    command.awaitEnd();
    command = run(home, environment, tunnel, quic);
    command.awaitOut(LAST_WORDS);
  }

  /// Makes a token for nodes by the command for that.
  public String token() throws IOException, InterruptedException {
    try (CommandProcess create =
        CommandProcess.start(
            home,
            environment,
            "token",
            "create",
            "--user",
            "ann",
            "--scope",
            "overlay",
            "--data",
            data(home).toString())) {
      if (create.awaitEnd() != 0) {
        throw new IOException(create.err());
      }
      return create.out().strip();
    }
  }

  CommandProcess command() {
    return command;
  }

  /// Where its API is, as `HOST:PORT`.
  public String tunnel() {
    return tunnel;
  }

  /// Where the tunnels of nodes come in, as `HOST:PORT`.
  String quic() {
    return quic;
  }

  public String fingerprint() {
    return fingerprint;
  }

  Trust trust() {
    return new Trust.Pinned(Fingerprint.parse(fingerprint));
  }

  static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  @Override
  public void close() {
    command.close();
  }
}
