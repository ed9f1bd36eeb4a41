package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.config.AdminAddress;
import io.penstock.gateway.config.DataDirectory;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The options that say which gateway's admin API a command talks to, and with which token.
final class AdminAccess {

  /// Where the secret of an admin token may be given.
  static final String TOKEN_VARIABLE = "PENSTOCK_ADMIN_TOKEN";

  private static final String DATA_VARIABLE = "PENSTOCK_DATA";

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "The data directory of a gateway on this machine (default: "
              + DATA_VARIABLE
              + ", or the usual one).")
  private Optional<Path> data = Optional.empty();

  @Option(
      names = "--admin",
      paramLabel = "[https://]HOST:PORT",
      description = "The gateway's admin address; needs a token with the scope admin.")
  private Optional<Endpoint> admin = Optional.empty();

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description =
          "With https://, trust the authorities in this PEM file (default: the system's).")
  private Optional<Path> ca = Optional.empty();

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "Holds the admin token, - for standard input (default: "
              + TOKEN_VARIABLE
              + ", or the one in the data directory).")
  private Optional<Path> tokenFile = Optional.empty();

  /// An admin listener.
  ///
  /// @param address where it is
  /// @param secure whether it speaks TLS
  record Endpoint(HostPort address, boolean secure) {

    private static final String SECURE = "https://";

    /// Reads `HOST:PORT` or `https://HOST:PORT`.
    static Endpoint parse(String text) {
      return text.startsWith(SECURE)
          ? new Endpoint(HostPort.parse(text.substring(SECURE.length())), true)
          : new Endpoint(HostPort.parse(text), false);
    }
  }

  /// Connects with what was given; the caller closes the client.
  AdminClient connect(Console console) throws IOException {
    Optional<Path> named = data.or(() -> console.variable(DATA_VARIABLE).map(Path::of));
    Path directory = named.orElseGet(DataDirectory::usual);
    if (admin.isPresent()) {
      Endpoint endpoint = admin.get();
      String token = token(console, named.or(() -> usualOf(endpoint)).orElse(null));
      return endpoint.secure()
          ? secure(endpoint.address(), token, new Trust.SystemRoots())
          : AdminClient.plain(endpoint.address(), token);
    }
    AdminAddress running =
        DataDirectory.adminAddress(directory)
            .orElseThrow(
                () ->
                    new Failure(
                        "no gateway runs with the data directory " + directory,
                        "penstock gateway, or name another with --data DIR or --admin HOST:PORT"));
    String token = token(console, directory);
    return running.certificate().isPresent()
        ? secure(running.address(), token, new Trust.Pinned(running.certificate().get()))
        : AdminClient.plain(running.address(), token);
  }

  /// The usual data directory, if its own gateway is the one that was named: another one must not
  /// see this one's admin token.
  private static Optional<Path> usualOf(Endpoint endpoint) {
    try {
      return DataDirectory.adminAddress(DataDirectory.usual())
          .filter(
              own ->
                  own.certificate().isPresent() == endpoint.secure()
                      && own.address().equals(endpoint.address()))
          .map(_ -> DataDirectory.usual());
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  private AdminClient secure(HostPort address, String token, Trust unlessCa) throws IOException {
    Trust trust = ca.<Trust>map(Trust.CaFile::new).orElse(unlessCa);
    return AdminClient.secure(address, token, ClientTls.jdkContext(trust));
  }

  private String token(Console console, @Nullable Path directory) throws IOException {
    Secrets secrets = new Secrets(console);
    if (tokenFile.isPresent()) {
      return secrets.fromFile(tokenFile.get());
    }
    Optional<String> variable = secrets.fromVariable(TOKEN_VARIABLE);
    if (variable.isPresent()) {
      return variable.get();
    }
    Path file = directory == null ? null : directory.resolve(DataDirectory.ADMIN_TOKEN_FILE);
    if (file == null || !Files.exists(file)) {
      throw new Failure(
          directory == null
              ? "no admin token was given for that gateway"
              : "no admin token was given, and there is none in " + directory,
          "--token-file FILE, or " + TOKEN_VARIABLE + ", or the gateway's --data DIR");
    }
    return secrets.fromFile(file);
  }
}
