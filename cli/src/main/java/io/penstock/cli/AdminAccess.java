package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.api.client.AdminClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The options that say which gateway's admin API a command talks to, and with which token.
final class AdminAccess {

  /// Where the secret of an admin token may be given.
  static final String TOKEN_VARIABLE = "PENSTOCK_ADMIN_TOKEN";

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "The data directory of a gateway on this machine (default: the usual one).")
  private Optional<Path> data = Optional.empty();

  @Option(
      names = "--admin",
      paramLabel = "HOST:PORT",
      description = "The gateway's admin address; needs a token with the scope admin.")
  private Optional<HostPort> admin = Optional.empty();

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "Holds the admin token, - for standard input (default: "
              + TOKEN_VARIABLE
              + ", or the one in the data directory).")
  private Optional<Path> tokenFile = Optional.empty();

  /// Connects with what was given; the caller closes the client.
  AdminClient connect(Console console) throws IOException {
    DataDirectory directory = new DataDirectory(data.orElseGet(() -> DataDirectory.usual(console)));
    HostPort address = admin.isPresent() ? admin.get() : directory.adminAddress();
    return AdminClient.plain(address, token(console, directory));
  }

  private String token(Console console, DataDirectory directory) throws IOException {
    Secrets secrets = new Secrets(console);
    if (tokenFile.isPresent()) {
      return secrets.fromFile(tokenFile.get());
    }
    Optional<String> variable = secrets.fromVariable(TOKEN_VARIABLE);
    if (variable.isPresent()) {
      return variable.get();
    }
    return secrets.fromFile(directory.adminTokenFile());
  }
}
