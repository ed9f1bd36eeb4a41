package io.penstock.cli;

import io.penstock.api.BackendInfo;
import io.penstock.api.RouteName;
import io.penstock.api.client.AdminClient;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock backend`: shows the agents that are connected to a gateway, and disconnects one.
@Command(
    name = "backend",
    header = "Show the agents that are connected to a gateway, or disconnect one.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {"  penstock backend list --domain app.example.com", "  penstock backend kill ID"})
final class BackendCommand implements Runnable {

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  BackendCommand(Console console) {
    this.console = console;
  }

  /// Which backends to list: at most one of the two.
  static final class Filter {
    @Option(
        names = "--domain",
        paramLabel = "DOMAIN[/PATH]",
        description = "Only those that serve this route.")
    private Optional<RouteName> domain = Optional.empty();

    @Option(names = "--user", paramLabel = "USER", description = "Only those of this user.")
    private Optional<String> user = Optional.empty();

    List<BackendInfo> ask(AdminClient client) throws IOException {
      if (domain.isPresent()) {
        return client.backendsOf(domain.get());
      }
      return user.isPresent() ? client.backendsOfUser(user.get()) : client.backends();
    }
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  @Command(
      name = "list",
      header = "List the connections of agents.",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {
        "  penstock backend list",
        "  penstock backend list --domain app.example.com",
        "  penstock backend list --user ann --json"
      })
  void list(
      @Mixin AdminAccess admin,
      @ArgGroup Filter filter,
      @Option(names = "--json", description = "Print JSON.") boolean json)
      throws IOException {
    List<BackendInfo> backends;
    try (AdminClient client = admin.connect(console)) {
      backends = (filter == null ? new Filter() : filter).ask(client);
    }
    if (json) {
      console.json(backends);
      return;
    }
    Table table =
        new Table("ID", "PROTO", "USER", "HOST", "PHI", "IN FLIGHT", "USABLE", "SINCE", "DOMAINS");
    for (BackendInfo backend : backends) {
      table.row(
          backend.id(),
          backend.protocol(),
          backend.user(),
          backend.host(),
          String.format(Locale.ROOT, "%.1f", backend.phi()),
          Integer.toString(backend.inFlight()),
          backend.usable() ? "yes" : "no",
          TokenCommand.time(backend.since()),
          String.join(" ", backend.domains()));
    }
    table.print(console.out());
    if (backends.isEmpty()) {
      console.err().println("No agent is connected here; start one: penstock http 8080");
    }
  }

  @Command(
      name = "kill",
      header = "Disconnect one connection of an agent; the agent may connect again.",
      parameterListHeading = "%n",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock backend kill ID      ID as \"penstock backend list\" prints it"})
  void kill(
      @Mixin AdminAccess admin,
      @Parameters(paramLabel = "ID", description = "The connection's id.") String id)
      throws IOException {
    try (AdminClient client = admin.connect(console)) {
      client.kill(id);
    }
    console.err().println("Disconnected " + id + ".");
  }
}
