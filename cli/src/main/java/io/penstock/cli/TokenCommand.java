package io.penstock.cli;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.Scope;
import io.penstock.api.TokenInfo;
import io.penstock.api.client.AdminClient;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock token`: makes, lists and revokes the tokens of a gateway.
@Command(
    name = "token",
    header = "Make, list and revoke the tokens of a gateway.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock token create --user ann --scope connect",
      "  penstock token list",
      "  penstock token revoke ID"
    })
final class TokenCommand implements Runnable {

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  TokenCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  @Command(
      name = "create",
      header = "Make a token and print its secret, once.",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {
        "  penstock token create --user ann --scope connect",
        "  penstock token create --user ci --scope connect --expires 30d --json",
        "  penstock token create --user ann --scope connect > ann.token",
        "  penstock token create --user ann --scope overlay > node.token"
      })
  void create(
      @Mixin AdminAccess admin,
      @Option(
              names = "--user",
              required = true,
              paramLabel = "USER",
              description = "Whom it stands for.")
          String user,
      @Option(
              names = "--scope",
              required = true,
              paramLabel = "SCOPE",
              description =
                  "What its holder may do: connect (serve routes as an agent), overlay (join the"
                      + " network as a node) or admin; repeatable.")
          List<Scope> scopes,
      @Option(
              names = "--expires",
              paramLabel = "DURATION",
              description = "When it ends, such as 12h or 30d (default: never).")
          Optional<Duration> expires,
      @Option(names = "--json", description = "Print JSON.") boolean json)
      throws IOException {
    CreatedToken made;
    try (AdminClient client = admin.connect(console)) {
      made = client.createToken(request(user, scopes, expires));
    }
    if (json) {
      console.json(made);
      return;
    }
    // Only the secret goes to standard output, so that it can be redirected into a file.
    console.out().println(made.token());
    console
        .err()
        .printf(
            "Token %s of %s, scopes %s, %s. The secret is not shown again.%n",
            made.id(),
            made.user(),
            words(made.scopes()),
            made.expires().map(at -> "expires " + at).orElse("never expires"));
  }

  private CreateTokenRequest request(String user, List<Scope> scopes, Optional<Duration> expires) {
    try {
      if (expires.isPresent() && !expires.get().isPositive()) {
        throw new IllegalArgumentException("--expires is 0, allowed is a duration from now");
      }
      Optional<Instant> end =
          expires.map(after -> Instant.now().plus(after).truncatedTo(ChronoUnit.SECONDS));
      return new CreateTokenRequest(user, new LinkedHashSet<>(scopes), end);
    } catch (IllegalArgumentException | ArithmeticException | java.time.DateTimeException e) {
      throw new ParameterException(
          spec.commandLine().getSubcommands().get("create"), e.getMessage());
    }
  }

  @Command(
      name = "list",
      header = "List all tokens, without their secrets.",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock token list", "  penstock token list --json"})
  void list(
      @Mixin AdminAccess admin, @Option(names = "--json", description = "Print JSON.") boolean json)
      throws IOException {
    List<TokenInfo> tokens;
    try (AdminClient client = admin.connect(console)) {
      tokens = client.tokens();
    }
    if (json) {
      console.json(tokens);
      return;
    }
    Table table = new Table("ID", "USER", "SCOPES", "CREATED", "EXPIRES", "REVOKED");
    for (TokenInfo token : tokens) {
      table.row(
          token.id(),
          token.user(),
          words(token.scopes()),
          time(token.created()),
          token.expires().map(TokenCommand::time).orElse("never"),
          token.revoked().map(TokenCommand::time).orElse("-"));
    }
    table.print(console.out());
  }

  @Command(
      name = "revoke",
      header = "Revoke a token and disconnect the agents and nodes that use it.",
      parameterListHeading = "%n",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock token revoke ID      ID as \"penstock token list\" prints it"})
  void revoke(
      @Mixin AdminAccess admin,
      @Parameters(paramLabel = "ID", description = "The token's id, not its secret.") String id)
      throws IOException {
    try (AdminClient client = admin.connect(console)) {
      client.revokeToken(id);
    }
    console.err().println("Revoked " + id + ".");
  }

  private static String words(Set<Scope> scopes) {
    return scopes.stream().map(Scope::word).collect(Collectors.joining(","));
  }

  /// To the second, as no one reads more.
  static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
