package io.penstock.cli;

import io.penstock.api.NodeName;
import io.penstock.api.ShellWord;
import io.penstock.node.local.LocalClient;
import io.penstock.node.local.NotRunningException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The options that say which running node of this machine a command is for.
final class NodeChoice {

  private static final String VARIABLE = "PENSTOCK_NODE";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @ArgGroup private Which which = new Which();

  /// One way of naming it.
  static final class Which {
    @Option(
        names = "--node",
        paramLabel = "NAME",
        description =
            "The node, by the name it runs under (default: " + VARIABLE + ", or the only one).")
    private Optional<String> name = Optional.empty();

    @Option(
        names = "--state",
        paramLabel = "DIR",
        description = "The node, by the state directory it runs with.")
    private Optional<Path> state = Optional.empty();

    boolean isGiven() {
      return name.isPresent() || state.isPresent();
    }
  }

  /// The node that is meant, which runs.
  LocalClient resolve(Console console) throws IOException {
    Which given = given();
    if (given.state.isPresent()) {
      Path state = given.state.get();
      return running(
          state,
          "no node runs with the state directory " + state,
          "penstock node run --name NAME --state " + ShellWord.of(state.toString()));
    }
    Optional<String> name = given.name.or(() -> console.variable(VARIABLE));
    if (name.isPresent()) {
      String known = Usage.valueOf(command, "--node", () -> NodeName.require(name.get()));
      return running(
          UserFiles.nodes(console).resolve(known),
          "no node called " + known + " runs here",
          "penstock node run --name " + known);
    }
    return onlyOne(console);
  }

  /// The options as they were typed, for the commands that a person is told to type next.
  String words() {
    Which given = given();
    return given
        .name
        .map(name -> " --node " + ShellWord.of(name))
        .or(() -> given.state.map(state -> " --state " + ShellWord.of(state.toString())))
        .orElse("");
  }

  /// What stands before a subcommand counts for it, too.
  private Which given() {
    CommandSpec outer = command.parent();
    if (which.isGiven() || outer == null) {
      return which;
    }
    return outer.mixins().values().stream()
        .map(CommandSpec::userObject)
        .flatMap(mixin -> mixin instanceof NodeChoice choice ? Stream.of(choice) : Stream.empty())
        .findFirst()
        .map(NodeChoice::given)
        .orElse(which);
  }

  private static LocalClient running(Path state, String otherwise, String advice)
      throws IOException {
    LocalClient client = new LocalClient(state);
    if (!runs(client)) {
      throw new Failure(otherwise, advice);
    }
    return client;
  }

  private static boolean runs(LocalClient client) throws IOException {
    try {
      var _ = client.node();
      return true;
    } catch (NotRunningException _) {
      return false;
    }
  }

  private static LocalClient onlyOne(Console console) throws IOException {
    Path directory = UserFiles.nodes(console);
    List<LocalClient> found = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> states = Files.list(directory)) {
        for (Path state : states.sorted().toList()) {
          LocalClient client = new LocalClient(state);
          if (runs(client)) {
            found.add(client);
          }
        }
      }
    }
    if (found.size() == 1) {
      return found.getFirst();
    }
    if (found.isEmpty()) {
      throw new Failure("no node runs here", "penstock node run --name NAME");
    }
    String names =
        found.stream()
            .map(each -> each.state().getFileName().toString())
            .collect(Collectors.joining(", "));
    throw new Failure("several nodes run here: " + names, "the option --node NAME");
  }
}
