package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.node.local.LocalClient;
import io.penstock.node.local.LocalDial;
import io.penstock.node.local.NotRunningException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock dial`: standard input and output as a connection over the overlay.
@Command(
    name = "dial",
    header = "Connect standard input and output to a port on the overlay.",
    description =
        "%nDials through a node that runs here, see penstock node run. The end of standard input is"
            + " passed on, and what comes after it still arrives; it ends when both directions"
            + " have.",
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock dial db 5432",
      "  echo hello | penstock dial web 7",
      "  ssh -o ProxyCommand=\"penstock dial %%h %%p\" ann@db"
    })
final class DialCommand implements Callable<Integer> {

  private static final int COPY_BYTES = 64 * 1024;

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "HOST", description = "A node's name, or an address.")
  private String host = "";

  @Parameters(index = "1", paramLabel = "PORT", description = "The port, 1 to 65535.")
  private int port;

  @Mixin private NodeChoice node = new NodeChoice();

  @Option(names = "--no-input", description = "Send nothing, and do not read standard input.")
  private boolean noInput;

  DialCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (port < 1 || port > HostPort.MAX_PORT) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for PORT: allowed is 1 to 65535");
    }
    LocalClient client = node.resolve(console);
    try (LocalDial connection = client.dial(host, port)) {
      CompletableFuture<Void> sent = new CompletableFuture<>();
      // A daemon: a read of standard input cannot be ended but by the process.
      Thread.ofPlatform()
          .daemon()
          .name("dial-stdin")
          .start(
              () -> {
                try {
                  send(connection);
                  sent.complete(null);
                } catch (IOException | RuntimeException e) {
                  sent.completeExceptionally(e);
                }
              });
      receive(connection);
      requireRunning(client);
      awaitSent(sent);
      return 0;
    }
  }

  private void send(LocalDial connection) throws IOException {
    if (!noInput) {
      InputStream in = console.in();
      byte[] block = new byte[COPY_BYTES];
      for (int read = in.read(block); read >= 0; read = in.read(block)) {
        connection.write(block, 0, read);
      }
    }
    connection.shutdownOutput();
  }

  private void receive(LocalDial connection) throws IOException {
    for (Optional<byte[]> piece = connection.read(); piece.isPresent(); piece = connection.read()) {
      console.bytes().write(piece.get());
      console.bytes().flush();
    }
  }

  /// A node that ends takes its connections with it, which looks like their end.
  private static void requireRunning(LocalClient client) throws IOException {
    try {
      client.node();
    } catch (NotRunningException e) {
      throw new IOException("the node has ended; what came may be cut short", e);
    }
  }

  private static void awaitSent(CompletableFuture<Void> sent)
      throws IOException, InterruptedException {
    try {
      sent.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException("the other end took not all that was sent: " + cause.getMessage(), e);
    }
  }
}
