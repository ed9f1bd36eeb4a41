package io.penstock.cli;

import io.penstock.api.client.ApiException;
import io.penstock.api.config.ConfigException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// Says what went wrong, why, and what to type next, and picks the exit code.
final class Errors implements IParameterExceptionHandler, IExecutionExceptionHandler {

  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;

  /// How picocli names a parameter, where the user knows its label only.
  private static final Pattern PARAMETER =
      Pattern.compile("positional parameter at index \\S+ \\((.*?)\\)");

  private final Console console;

  Errors(Console console) {
    this.console = console;
  }

  /// A command line that makes no sense.
  @Override
  public int handleParseException(ParameterException e, String[] args) {
    PrintWriter err = console.err();
    err.println("penstock: " + PARAMETER.matcher(String.valueOf(e.getMessage())).replaceAll("$1"));
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> near = unmatched.getSuggestions();
      if (!near.isEmpty()) {
        err.println("  Did you mean: " + String.join(" or ", near) + "?");
      }
    }
    advise(e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    return ExitCode.USAGE;
  }

  /// A command that failed while it ran.
  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    return switch (e) {
      case Failure failure -> {
        console.err().println("penstock: " + failure.getMessage());
        if (!failure.advice().isEmpty()) {
          advise(failure.advice());
        }
        yield ExitCode.SOFTWARE;
      }
      case ApiException refused -> {
        console.err().println("penstock: " + refused.getMessage());
        listing(refused).ifPresent(this::advise);
        yield ExitCode.SOFTWARE;
      }
      case ConfigException wrong -> config(wrong, command);
      case IOException io -> {
        console.err().println("penstock: " + said(io));
        yield ExitCode.SOFTWARE;
      }
      default -> {
        console.err().println("penstock: this is a bug: " + e);
        LoggerFactory.getLogger(Errors.class).error("unexpected", e);
        yield ExitCode.SOFTWARE;
      }
    };
  }

  private int config(ConfigException wrong, CommandLine command) {
    wrong.problems().forEach(problem -> console.err().println("penstock: " + problem));
    boolean typed =
        wrong.problems().stream().allMatch(problem -> problem.source().equals("command line"));
    advise(command.getCommandSpec().qualifiedName() + " --help");
    return typed ? ExitCode.USAGE : ExitCode.SOFTWARE;
  }

  /// The command that shows what there is, when the gateway knows nothing of what was named.
  private static Optional<String> listing(ApiException refused) {
    if (refused.status() != NOT_FOUND && refused.status() != CONFLICT) {
      return Optional.empty();
    }
    return switch (refused.code()) {
      case "no_token" -> Optional.of("penstock token list");
      case "no_route", "route_taken" -> Optional.of("penstock route list");
      case "no_backend" -> Optional.of("penstock backend list");
      case "no_node", "not_connected" -> Optional.of("penstock node list");
      case "no_lease" -> Optional.of("penstock lease list");
      case "in_use" -> Optional.of("penstock node kick NODE, the name as \"lease list\" prints it");
      case "no_overlay" -> Optional.of("penstock gateway --overlay :7443, on the gateway");
      default -> Optional.empty();
    };
  }

  private void advise(String what) {
    console.err().println("  Try: " + what);
  }

  /// Names the kind of an exception whose message is only its subject.
  static String said(IOException e) {
    return switch (e) {
      case java.nio.file.NoSuchFileException missing -> "there is no file " + missing.getFile();
      case java.nio.file.AccessDeniedException denied ->
          "this user may not use " + denied.getFile();
      case java.nio.file.FileAlreadyExistsException there ->
          there.getFile()
              + (Files.isDirectory(Path.of(there.getFile()))
                  ? " is there already"
                  : " is a file, not a directory");
      default -> e.getMessage() == null ? e.toString() : e.getMessage();
    };
  }
}
