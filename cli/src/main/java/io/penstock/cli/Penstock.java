package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.api.config.Durations;
import io.penstock.transport.tls.Fingerprint;
import java.time.Duration;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// The `penstock` command: finds the subcommand and turns its end into an exit code.
@SuppressWarnings("UnusedVariable") // Picocli acts on the options for help and version itself.
@Command(
    name = "penstock",
    header = {
      "Brings a web app that nobody can reach to the people who should reach it,",
      "and joins machines in a private network of their own, the overlay."
    },
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock demo                        see it work on this machine",
      "  penstock gateway                     run a gateway",
      "  penstock login gw.example.com:7443   remember a gateway",
      "  penstock http 8080                   show the app on port 8080 through it",
      "  penstock ping db                     ping the node db of its overlay network",
      "  penstock node run --name web         be a node of it, without root",
      "  penstock serve 3000                  serve an app on that node",
      "  sudo penstock up                     or have the whole machine on it",
      "",
      "Exit codes: 0 done, 1 failed, 2 usage. Help on one command: penstock COMMAND --help"
    })
public final class Penstock implements Runnable {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show help and end.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version and end; \"penstock version\" tells more.")
  private boolean version;

  private Penstock() {}

  /// Runs one command and ends the process with its exit code.
  public static void main(String[] args) {
    Console console = Console.ofProcess();
    int exitCode = run(console, args);
    console.out().flush();
    console.err().flush();
    System.exit(exitCode);
  }

  /// Runs one command; returns its exit code.
  static int run(Console console, String... args) {
    return commandLine(console).execute(args);
  }

  static CommandLine commandLine(Console console) {
    CommandLine commands =
        new CommandLine(new Penstock())
            .addSubcommand(new GatewayCommand(console))
            .addSubcommand(new LoginCommand(console))
            .addSubcommand(new HttpCommand(console))
            .addSubcommand(new TokenCommand(console))
            .addSubcommand(new RouteCommand(console))
            .addSubcommand(new BackendCommand(console))
            .addSubcommand(nodeCommands(console))
            .addSubcommand(serveCommands(console))
            .addSubcommand(new DialCommand(console))
            .addSubcommand(new PeersCommand(console))
            .addSubcommand(new LeaseCommand(console))
            .addSubcommand(new PingCommand(console))
            .addSubcommand(new UpCommand(console))
            .addSubcommand(new DownCommand(console))
            .addSubcommand(new StatusCommand(console))
            .addSubcommand(new TunnelCommand(console))
            .addSubcommand(new DemoCommand(console))
            .addSubcommand(new VersionCommand(console))
            .addSubcommand(new CompletionCommand(console));
    commands.getCommandSpec().version("penstock " + VersionCommand.version());
    commands
        .setOut(console.out())
        .setErr(console.err())
        .setUsageHelpAutoWidth(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .registerConverter(HostPort.class, converter(GatewayChoice::address))
        .registerConverter(IpAddress.class, converter(IpAddress::parse))
        .registerConverter(AdminAccess.Endpoint.class, converter(AdminAccess.Endpoint::parse))
        .registerConverter(RouteName.class, converter(RouteName::parse))
        .registerConverter(Scope.class, converter(Scope::parse))
        .registerConverter(Duration.class, converter(Durations::parse))
        .registerConverter(Fingerprint.class, converter(Fingerprint::parse));
    Errors errors = new Errors(console);
    return commands.setParameterExceptionHandler(errors).setExecutionExceptionHandler(errors);
  }

  private static CommandLine nodeCommands(Console console) {
    return new CommandLine(new NodeCommand(console)).addSubcommand(new NodeRunCommand(console));
  }

  private static CommandLine serveCommands(Console console) {
    return new CommandLine(new ServeCommand(console))
        .addSubcommand(new ServeStatusCommand(console))
        .addSubcommand(new ServeConfigCommands.Get(console))
        .addSubcommand(new ServeConfigCommands.Set(console))
        .addSubcommand(new ServeConfigCommands.Reset(console));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  /// Lets a parser's own message reach the user.
  private static <T> ITypeConverter<T> converter(Function<String, T> parser) {
    return text -> {
      try {
        return parser.apply(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    };
  }
}
