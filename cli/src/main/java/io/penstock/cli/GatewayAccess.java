package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.api.ShellWord;
import io.penstock.api.config.ConfigException;
import io.penstock.api.config.Secret;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/// The options that say how a gateway is known and with which token to come; what is not given is
/// taken from the environment, then from what `penstock login` remembers.
final class GatewayAccess {

  /// Where the secret of an agent's token may be given.
  static final String TOKEN_VARIABLE = "PENSTOCK_TOKEN";

  @ArgGroup private Token token = new Token();

  @ArgGroup private GatewayTrust trust = new GatewayTrust();

  /// One way of giving the token.
  static final class Token {
    @Option(
        names = "--token-file",
        paramLabel = "FILE",
        description =
            "Holds the token, - for standard input (default: "
                + TOKEN_VARIABLE
                + ", or the one given to login).")
    private Optional<Path> file = Optional.empty();

    @Option(
        names = "--token",
        paramLabel = "TOKEN",
        description = "The token itself, for others to see; prefer --token-file.")
    private Optional<String> flag = Optional.empty();
  }

  /// What a command needs to know about its gateway.
  ///
  /// @param address its tunnel port
  /// @param trust how it is known
  /// @param token the user's token, if there is one
  record Resolved(HostPort address, Trust trust, Optional<String> token) {

    /// The token of a node, which has to be there.
    String overlayToken() {
      return token.orElseThrow(
          () ->
              new Failure(
                  "no token was given, and none is remembered for " + address,
                  "--token-file FILE, or PENSTOCK_TOKEN; a token has the scope overlay"));
    }
  }

  /// Puts flags, environment and memory together.
  Resolved resolve(Console console, Optional<HostPort> gateway) throws IOException {
    return resolve(console, gateway, remembered(console));
  }

  /// What login has remembered.
  static Login remembered(Console console) throws IOException {
    Path file = UserFiles.login(console);
    try {
      return Login.read(file);
    } catch (ConfigException e) {
      throw unusable(
          file, e.problems().stream().map(Object::toString).collect(Collectors.joining("; ")));
    } catch (IOException e) {
      throw unusable(file, Errors.said(e));
    }
  }

  private static Failure unusable(Path file, String why) {
    return new Failure(
        "what login remembers cannot be used: " + why,
        "remove " + ShellWord.of(file.toString()) + ", then penstock login HOST:PORT");
  }

  /// The same for a login, which replaces what cannot be used.
  Resolved resolveToRemember(Console console, HostPort gateway) throws IOException {
    Path file = UserFiles.login(console);
    Login login;
    try {
      login = Login.read(file);
    } catch (ConfigException | IOException _) {
      console.warn("what is in " + file + " cannot be used and is replaced");
      login = Login.NONE;
    }
    return resolve(console, Optional.of(gateway), login);
  }

  private Resolved resolve(Console console, Optional<HostPort> gateway, Login login)
      throws IOException {
    // What is remembered about one gateway says nothing about another.
    boolean remembered = gateway.isEmpty() || gateway.equals(login.gateway());
    Login known = remembered ? login : Login.NONE;
    HostPort address =
        gateway
            .or(known::gateway)
            .orElseThrow(
                () ->
                    new Failure(
                        "which gateway? None was given, and none is remembered",
                        "penstock login HOST:PORT, or the option --gateway HOST:PORT"));
    return new Resolved(address, trust.resolve(console, known), token(console, known));
  }

  /// What to remember of the options: the address, the token and the way of verification.
  Login toRemember(Resolved resolved) {
    return new Login(
        Optional.of(resolved.address()),
        resolved.token().map(Secret::new),
        resolved.trust() instanceof Trust.Pinned(Fingerprint pin)
            ? Optional.of(pin.toString())
            : Optional.empty(),
        resolved.trust() instanceof Trust.CaFile(Path file)
            ? Optional.of(file.toAbsolutePath())
            : Optional.empty());
  }

  private Optional<String> token(Console console, Login known) throws IOException {
    Secrets secrets = new Secrets(console);
    if (token.flag.isPresent()) {
      return Optional.of(
          secrets.fromFlag(token.flag.get(), "--token", "--token-file FILE or " + TOKEN_VARIABLE));
    }
    if (token.file.isPresent()) {
      return Optional.of(secrets.fromFile(token.file.get()));
    }
    return secrets.fromVariable(TOKEN_VARIABLE).or(() -> known.token().map(Secret::value));
  }
}
