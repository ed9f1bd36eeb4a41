package io.penstock.cli;

import io.penstock.api.ShellWord;
import io.penstock.node.local.LocalControl;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeEntry;
import io.penstock.node.serve.ServedPort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock serve`: serves a target on a node of this machine, with the words of `tailscale
/// serve`.
@Command(
    name = "serve",
    header = "Serve an app, files or a TCP port on a node of this machine.",
    description = {
      "%nServes on the overlay as long as the command runs, or with --bg until it is turned off."
          + " TARGET is a port, localhost:PORT, a URL (http, https or https+insecure),"
          + " unix:SOCKET, text:TEXT, or the absolute path of a file or directory; for TCP a"
          + " port, HOST:PORT, or unix:SOCKET.",
    },
    parameterListHeading = "%n",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock serve 3000                               https://NODE/ shows the app on port"
          + " 3000",
      "  penstock serve --bg --set-path /docs /srv/docs    files, until turned off",
      "  penstock serve --https 8443 https+insecure://localhost:9443",
      "  penstock serve --tcp 5432 localhost:5432          bytes",
      "  penstock serve --https 443 off                    turns off what --bg has turned on",
      "  penstock serve status"
    })
final class ServeCommand implements Callable<Integer> {

  private static final String OFF = "off";
  private static final String UNIX = "unix:";
  private static final int HTTPS_PORT = 443;

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0..*",
      paramLabel = "TARGET",
      description = "What to serve; with \"off\" behind or instead of it, no more.")
  private List<String> words = new ArrayList<>();

  @Option(names = "--bg", description = "Serve in the background, also after a restart.")
  private boolean background;

  @Option(
      names = "--set-path",
      paramLabel = "PATH",
      description = "Serve it below this path (default: /).")
  private Optional<String> path = Optional.empty();

  @ArgGroup private Kind kind = new Kind();

  /// How the port speaks.
  static final class Kind {
    @Option(
        names = "--https",
        paramLabel = "PORT",
        description = "HTTPS on this port, with a certificate from the gateway (default: 443).")
    private Optional<Integer> https = Optional.empty();

    @Option(names = "--http", paramLabel = "PORT", description = "Plain HTTP on this port.")
    private Optional<Integer> http = Optional.empty();

    @Option(names = "--tcp", paramLabel = "PORT", description = "Bytes on this port.")
    private Optional<Integer> tcp = Optional.empty();

    @Option(
        names = "--tls-terminated-tcp",
        paramLabel = "PORT",
        description = "Bytes on this port, with TLS to the node.")
    private Optional<Integer> tlsTerminatedTcp = Optional.empty();
  }

  @Option(
      names = "--proxy-protocol",
      paramLabel = "1|2",
      description = "For TCP, tell the target who calls, in a PROXY header of this version.")
  private int proxyProtocol;

  @Option(
      names = "--yes",
      description = "With off: turn off the port with all its paths, also when there are several.")
  private boolean yes;

  @Mixin private NodeChoice node = new NodeChoice();

  ServeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ServeEntry entry = Usage.valueOf(spec, "the place to serve at", this::entry);
    boolean off = !words.isEmpty() && words.getLast().equals(OFF);
    int targets = off ? words.size() - 1 : words.size();
    if (targets > 1 || (targets == 0 && !off)) {
      throw new ParameterException(
          spec.commandLine(),
          targets == 0
              ? "Missing required parameter: TARGET, such as 3000"
              : "one TARGET is served at a time, and \"off\" may stand behind it");
    }
    requireTarget(words.getFirst());
    ServeEdit edit = ServeEdit.of(node.resolve(console));
    if (off) {
      turnOff(edit, entry);
      return 0;
    }
    String target = target();
    // What a person typed is looked at before anything is asked of the node.
    Usage.valueOf(spec, "TARGET", () -> entry.addTo(ServeConfig.EMPTY, edit.host(), target));
    return background ? serveInBackground(edit, entry, target) : serveHere(edit, entry, target);
  }

  /// A word alone is a command that is not there, as a rule.
  private void requireTarget(String typed) {
    if (typed.matches("[a-z]+(-[a-z]+)*") && !typed.equals(OFF) && !typed.equals("localhost")) {
      throw new ParameterException(
          spec.commandLine(),
          "\"%s\" is no TARGET such as 3000, and no command; did you mean one of %s?"
              .formatted(typed, String.join(", ", spec.subcommands().keySet())));
    }
  }

  /// The path of a socket is that of this directory, and the node has another.
  private String target() {
    String typed = words.getFirst();
    String path = typed.startsWith(UNIX) ? typed.substring(UNIX.length()) : "";
    return path.isEmpty() || path.startsWith("/")
        ? typed
        : UNIX + Path.of(path).toAbsolutePath().normalize();
  }

  private ServeEntry entry() {
    ServedPort.Type type = ServedPort.Type.HTTPS;
    int port = kind.https.orElse(HTTPS_PORT);
    if (kind.http.isPresent()) {
      type = ServedPort.Type.HTTP;
      port = kind.http.get();
    } else if (kind.tcp.isPresent()) {
      type = ServedPort.Type.TCP;
      port = kind.tcp.get();
    } else if (kind.tlsTerminatedTcp.isPresent()) {
      type = ServedPort.Type.TLS_TERMINATED_TCP;
      port = kind.tlsTerminatedTcp.get();
    }
    String mount = path.map(given -> given.startsWith("/") ? given : "/" + given).orElse("/");
    return new ServeEntry(type, port, mount, proxyProtocol);
  }

  // ---- on ----

  private int serveInBackground(ServeEdit edit, ServeEntry entry, String target)
      throws IOException {
    edit.apply(config -> entry.addTo(config, edit.host(), target));
    show(edit, entry, target);
    console
        .out()
        .println(
            "It is served in the background. To turn it off: penstock serve " + offWords(entry));
    return 0;
  }

  private int serveHere(ServeEdit edit, ServeEntry entry, String target)
      throws IOException, InterruptedException {
    try (StopSignal stop = StopSignal.listen();
        LocalControl control = edit.client().control()) {
      ServeConfig block = entry.addTo(ServeConfig.EMPTY, edit.host(), target);
      edit.apply(config -> config.withForeground(control.id(), block));
      show(edit, entry, target);
      console.out().println("Ctrl-C ends it.");
      return awaitEnd(stop, control);
    }
  }

  private void show(ServeEdit edit, ServeEntry entry, String target) {
    console.out().println("Available on the overlay:");
    console.out().println();
    new ServeReport(console.out(), edit.host())
        .print(entry.addTo(ServeConfig.EMPTY, edit.host(), target));
    console.out().println();
    console
        .out()
        .println("Members of the overlay reach it, such as a machine with \"penstock up\".");
  }

  private static int awaitEnd(StopSignal stop, LocalControl control) throws InterruptedException {
    CompletableFuture<Optional<LocalControl.End>> end = new CompletableFuture<>();
    Thread stopper = stop.whenAsked(() -> end.complete(Optional.empty()));
    Thread.ofVirtual().start(() -> end.complete(Optional.of(endOf(control))));
    try {
      Optional<LocalControl.End> why = end.get();
      if (why.isEmpty()) {
        return 0;
      }
      throw switch (why.get()) {
        case DROPPED ->
            new Failure(
                "somebody else has changed what the node serves, and this is no part of it any"
                    + " more",
                "penstock serve status");
        case NODE_GONE -> new Failure("the node has ended", "penstock node run --name NAME");
      };
    } catch (ExecutionException e) {
      throw new IllegalStateException("it completes with a value only", e);
    } finally {
      stopper.interrupt();
    }
  }

  private static LocalControl.End endOf(LocalControl control) {
    try {
      return control.awaitEnd();
    } catch (IOException _) {
      return LocalControl.End.NODE_GONE;
    }
  }

  // ---- off ----

  private void turnOff(ServeEdit edit, ServeEntry entry) throws IOException {
    edit.apply(config -> without(config, edit.host(), entry));
    console.err().println("Turned off " + entry.url(edit.host()) + ".");
  }

  private ServeConfig without(ServeConfig config, String host, ServeEntry entry) {
    try {
      if (path.isPresent()) {
        return entry.removeFrom(config, host);
      }
      int mounts = entry.mounts(config, host).size();
      if (mounts > 1 && !yes) {
        throw new Failure(
            "%d paths are served on port %d".formatted(mounts, entry.port()),
            "penstock serve %s, or --yes for all of them"
                .formatted(offWords(entry).replace(" off", " --set-path PATH off")));
      }
      return entry.removeAllFrom(config, host);
    } catch (IllegalArgumentException e) {
      boolean passing =
          config.foreground().values().stream()
              .anyMatch(block -> block.tcp().containsKey(entry.port()));
      throw passing && !config.tcp().containsKey(entry.port())
          ? new Failure(
              "a command in the foreground serves port %d, and only --bg is turned off"
                  .formatted(entry.port()),
              "Ctrl-C where that command runs")
          : new Failure(String.valueOf(e.getMessage()), "penstock serve status" + node.words());
    }
  }

  private String offWords(ServeEntry entry) {
    String option =
        switch (entry.type()) {
          case HTTPS -> "--https";
          case HTTP -> "--http";
          case TCP -> "--tcp";
          case TLS_TERMINATED_TCP -> "--tls-terminated-tcp";
        };
    return "%s %d%s%s off"
        .formatted(
            option,
            entry.port(),
            node.words(),
            path.map(_ -> " --set-path " + ShellWord.of(entry.mount())).orElse(""));
  }
}
