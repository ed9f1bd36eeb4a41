package io.penstock.cli;

import io.penstock.api.config.ConfigBinder;
import io.penstock.api.config.ConfigException;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.ListenException;
import io.penstock.gateway.config.GatewayConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `penstock gateway`: runs a gateway until it is told to end, then drains it.
@Command(
    name = "gateway",
    header = "Run a gateway.",
    description =
        "%nWith nothing given it makes its data directory with a database, an authority, a"
            + " certificate and an admin token, and prints the commands that an agent, and a node"
            + " of the overlay network, need next. The overlay is on unless --overlay off says"
            + " otherwise; its addresses, names and rules are in the table overlay of the"
            + " configuration file. Each key of the configuration file is also a variable"
            + " PENSTOCK_TABLE_KEY. An address is host:port; port 0 means any free port.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock gateway",
      "  penstock gateway --config /etc/penstock/gateway.toml",
      "  penstock gateway --ingress-http 0.0.0.0:80 --ingress-https 0.0.0.0:443",
      "  penstock gateway --kcp :7444 --log-format json",
      "  penstock gateway --overlay 192.0.2.7:7443     nodes on one address only",
      "  PENSTOCK_INGRESS_HTTP=127.0.0.1:0 penstock gateway --data /var/lib/penstock",
      "  PENSTOCK_OVERLAY_IPV4=10.77.0.0/24 penstock gateway",
      "",
      "SIGTERM and Ctrl-C let requests finish within gateway.drain_limit; a second one ends at"
          + " once."
    })
final class GatewayCommand implements Callable<Integer> {

  /// The flag for each listener's key.
  private static final Map<String, String> FLAGS =
      Map.of(
          "ingress.http", "--ingress-http",
          "ingress.https", "--ingress-https",
          "tunnel.tls", "--tunnel",
          "tunnel.kcp", "--kcp",
          "overlay.quic", "--overlay",
          "admin.listen", "--admin");

  private final Console console;

  @Option(names = "--config", paramLabel = "FILE", description = "Configuration in TOML.")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where everything durable is kept (default: ~/.local/share/penstock).")
  private Optional<String> data = Optional.empty();

  @Option(
      names = "--ingress-http",
      paramLabel = "A",
      description = "Visitors over HTTP (default: 127.0.0.1:8000).")
  private Optional<String> ingressHttp = Optional.empty();

  @Option(
      names = "--ingress-https",
      paramLabel = "A",
      description = "Visitors over HTTPS (default: 127.0.0.1:8443).")
  private Optional<String> ingressHttps = Optional.empty();

  @Option(
      names = "--tunnel",
      paramLabel = "A",
      description = "Agents over TLS (default: :7443 on every address).")
  private Optional<String> tunnel = Optional.empty();

  @Option(
      names = "--kcp",
      paramLabel = "A",
      description = "Agents over KCP on UDP (default: off; usually :7444).")
  private Optional<String> kcp = Optional.empty();

  @Option(
      names = "--overlay",
      paramLabel = "A",
      description =
          "Nodes over QUIC on UDP (default: :7443 on every address; off for no overlay). What"
              + " addresses they get, say overlay.ipv4 and overlay.ipv6 of the configuration.")
  private Optional<String> overlay = Optional.empty();

  @Option(
      names = "--admin",
      paramLabel = "A",
      description = "Admin API, metrics and health (default: 127.0.0.1:7070).")
  private Optional<String> admin = Optional.empty();

  @Mixin private LogOptions log = new LogOptions();

  GatewayCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, ConfigException, InterruptedException {
    log.apply(LogOptions.LogLevel.INFO);
    GatewayConfig settings = settings();
    try (StopSignal stop = StopSignal.listen();
        Gateway gateway = start(settings)) {
      new GatewayBanner(settings, gateway.addresses(), gateway.fingerprint())
          .lines()
          .forEach(console.out()::println);
      console.out().flush();
      stop.await();
      console
          .err()
          .println("Draining: requests in progress may finish. Ctrl-C again ends at once.");
      gateway.drain(settings.gateway().drainLimit());
    }
    return 0;
  }

  private static Gateway start(GatewayConfig settings) throws IOException {
    try {
      return Gateway.start(settings);
    } catch (ListenException e) {
      String flag = FLAGS.getOrDefault(e.key(), "--config FILE with another " + e.key());
      throw new Failure(e, "another address with " + flag + ", or " + TakenPort.finder(e));
    }
  }

  private GatewayConfig settings() throws IOException, ConfigException {
    ConfigBinder<GatewayConfig> binder = GatewayConfig.binder();
    if (config.isPresent()) {
      binder.file(config.get());
    }
    binder.environment(console.environment());
    data.ifPresent(directory -> binder.override("data", directory, "--data"));
    set(binder, "ingress.http", ingressHttp);
    set(binder, "ingress.https", ingressHttps);
    set(binder, "tunnel.tls", tunnel);
    set(binder, "tunnel.kcp", kcp);
    set(binder, "overlay.quic", overlay);
    set(binder, "admin.listen", admin);
    return binder.bind();
  }

  private static void set(
      ConfigBinder<GatewayConfig> binder, String key, Optional<String> address) {
    address.ifPresent(text -> binder.override(key, text, FLAGS.getOrDefault(key, key)));
  }
}
