package io.penstock.cli;

import io.penstock.api.AddRouteRequest;
import io.penstock.api.RouteInfo;
import io.penstock.api.RouteName;
import io.penstock.api.client.AdminClient;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock route`: says which public names and paths a gateway serves, and who owns them.
@Command(
    name = "route",
    header = "Say which public names and paths a gateway serves, and who owns them.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock route add app.example.com --user ann",
      "  penstock route list",
      "  penstock route remove app.example.com"
    })
final class RouteCommand implements Runnable {

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  RouteCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  @Command(
      name = "add",
      header = "Add a route; agents of its user may serve it.",
      parameterListHeading = "%n",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {
        "  penstock route add app.example.com --user ann",
        "  penstock route add app.example.com/api --user bob",
        "  penstock route add '*.example.com' --user ann"
      })
  void add(
      @Mixin AdminAccess admin,
      @Parameters(paramLabel = "DOMAIN[/PATH]", description = "The first label may be *.")
          RouteName route,
      @Option(names = "--user", required = true, paramLabel = "USER", description = "Who owns it.")
          String user,
      @Option(names = "--json", description = "Print JSON.") boolean json)
      throws IOException {
    RouteInfo added;
    try (AdminClient client = admin.connect(console)) {
      added = client.addRoute(request(route, user));
    }
    if (json) {
      console.json(added);
      return;
    }
    console.out().println(added.route());
    added.urls().forEach(url -> console.err().println("  " + url));
  }

  private AddRouteRequest request(RouteName route, String user) {
    try {
      return new AddRouteRequest(route.toString(), user);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine().getSubcommands().get("add"), e.getMessage());
    }
  }

  @Command(
      name = "list",
      header = "List all routes.",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock route list", "  penstock route list --json"})
  void list(
      @Mixin AdminAccess admin, @Option(names = "--json", description = "Print JSON.") boolean json)
      throws IOException {
    List<RouteInfo> routes;
    try (AdminClient client = admin.connect(console)) {
      routes = client.routes();
    }
    if (json) {
      console.json(routes);
      return;
    }
    Table table = new Table("ROUTE", "USER", "CREATED", "URLS");
    for (RouteInfo route : routes) {
      table.row(
          route.route(),
          route.user(),
          TokenCommand.time(route.created()),
          String.join(" ", route.urls()));
    }
    table.print(console.out());
    if (routes.isEmpty()) {
      console.err().println("No routes yet; add one: penstock route add app.localhost --user USER");
    }
  }

  @Command(
      name = "remove",
      header = "Remove a route and disconnect the agents that serve it.",
      parameterListHeading = "%n",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock route remove app.example.com/api"})
  void remove(
      @Mixin AdminAccess admin,
      @Parameters(paramLabel = "DOMAIN[/PATH]", description = "As \"route list\" prints it.")
          RouteName route)
      throws IOException {
    try (AdminClient client = admin.connect(console)) {
      client.removeRoute(route);
    }
    console.err().println("Removed " + route + ".");
  }
}
