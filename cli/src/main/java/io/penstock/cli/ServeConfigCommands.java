package io.penstock.cli;

import io.penstock.node.local.LocalClient;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.ServeManager;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The commands for the serve config as one JSON document.
final class ServeConfigCommands {

  /// Far more than a config may have; the config itself says what is too much.
  private static final int MAX_BYTES = 4 << 20;

  private ServeConfigCommands() {}

  /// `penstock serve get-config`: the document, without what commands that run serve.
  @Command(
      name = "get-config",
      header = "Print the serve config as JSON, or write it to a file.",
      description = "%nWithout Foreground, which ends with the commands that serve it.",
      parameterListHeading = "%n",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock serve get-config", "  penstock serve get-config serve.json"})
  static final class Get implements Callable<Integer> {

    private final Console console;

    @Parameters(
        arity = "0..1",
        paramLabel = "FILE",
        description = "Where to write it (default: standard output).")
    private Optional<Path> file = Optional.empty();

    @Mixin private NodeChoice node = new NodeChoice();

    Get(Console console) {
      this.console = console;
    }

    @Override
    public Integer call() throws IOException {
      String json =
          ServeEdit.served(node.resolve(console)).config().withoutForegrounds().toIndentedJson();
      if (file.isPresent()) {
        Files.writeString(file.get(), json + "\n");
      } else {
        console.out().println(json);
      }
      return 0;
    }
  }

  /// `penstock serve set-config`: replaces all that is served in the background.
  @Command(
      name = "set-config",
      header = "Replace the serve config by a JSON document.",
      description =
          "%nAll of it is served or nothing changes. What commands that run serve goes on."
              + " Fields that nobody knows are kept, with a warning. When what is stored is broken,"
              + " it takes a \"reset\" first.",
      parameterListHeading = "%n",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {
        "  penstock serve set-config serve.json",
        "  penstock serve get-config | sed s/3000/4000/ | penstock serve set-config -"
      })
  static final class Set implements Callable<Integer> {

    private final Console console;

    @Parameters(paramLabel = "FILE", description = "The document, - for standard input.")
    private Path file = Secrets.STDIN;

    @Option(
        names = "--ignore-unsupported",
        description = "Keep Services and AllowFunnel in it, and do not serve them.")
    private boolean ignoreUnsupported;

    @Mixin private NodeChoice node = new NodeChoice();

    Set(Console console) {
      this.console = console;
    }

    @Override
    public Integer call() throws IOException {
      ServeConfig document = parse(read());
      LocalClient client = node.resolve(console);
      ServeEdit.untilNobodyIsFaster(() -> replace(client, document));
      document.remarks().forEach(each -> console.err().println("penstock: warning: " + each));
      ServeReport.printServed(console, client);
      return 0;
    }

    /// Commands in the foreground may come and go meanwhile; what they serve then is a conflict.
    private void replace(LocalClient client, ServeConfig document) throws IOException {
      ServeManager.Snapshot served = ServeEdit.served(client);
      ServeConfig next = document;
      for (var block : served.config().foreground().entrySet()) {
        next = next.withForeground(block.getKey(), block.getValue());
      }
      if (ignoreUnsupported) {
        client.setServeConfigIgnoringUnsupported(next, served.etag());
      } else {
        client.setServeConfig(next, served.etag());
      }
    }

    private byte[] read() throws IOException {
      if (file.equals(Secrets.STDIN)) {
        return console.in().readNBytes(MAX_BYTES);
      }
      try (InputStream in = Files.newInputStream(file)) {
        return in.readNBytes(MAX_BYTES);
      }
    }

    private ServeConfig parse(byte[] json) {
      // What a command in front of a pipe leaves when it fails.
      String text = new String(json, StandardCharsets.UTF_8).strip();
      if (text.isEmpty() || text.equals("null")) {
        throw new Failure(
            "the document is %s; nothing was changed; to serve nothing: penstock serve reset"
                .formatted(text.isEmpty() ? "empty" : text));
      }
      try {
        return ServeConfig.parse(json);
      } catch (ServeException e) {
        String from = file.equals(Secrets.STDIN) ? "standard input" : file.toString();
        throw new Failure("%s: %s".formatted(from, e.getMessage()));
      }
    }
  }

  /// `penstock serve reset`: serves nothing any more.
  @Command(
      name = "reset",
      header = "Serve nothing any more, and forget the config.",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock serve reset"})
  static final class Reset implements Callable<Integer> {

    private final Console console;

    @Mixin private NodeChoice node = new NodeChoice();

    Reset(Console console) {
      this.console = console;
    }

    @Override
    public Integer call() throws IOException {
      node.resolve(console).replaceServeConfig(ServeConfig.EMPTY);
      console.err().println("Nothing is served any more.");
      return 0;
    }
  }
}
