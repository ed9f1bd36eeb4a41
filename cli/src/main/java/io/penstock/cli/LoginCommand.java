package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.api.RouteInfo;
import io.penstock.api.client.ApiException;
import io.penstock.api.client.DiscoveryClient;
import io.penstock.gateway.config.TunnelSettings;
import io.penstock.transport.tls.ClientTls;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `penstock login`: tries a gateway and remembers it for this user.
@Command(
    name = "login",
    header = "Remember a gateway, and the token for it, for this user.",
    description =
        "%nTries the gateway first, and the token if there is one. The file that remembers them is"
            + " readable by this user alone.",
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock login gw.example.com:7443 --token-file ann.token",
      "  penstock login 192.0.2.7:7443 --fingerprint sha256:1f0c… --token-file -",
      "  PENSTOCK_TOKEN=… penstock login gw.example.com:7443"
    })
final class LoginCommand implements java.util.concurrent.Callable<Integer> {

  private static final int USUAL_PORT = TunnelSettings.DEFAULT_TLS.port();

  private final Console console;

  @Parameters(paramLabel = "HOST:PORT", description = "The gateway's tunnel port, usually 7443.")
  private HostPort gateway = new HostPort("", 0);

  @Mixin private GatewayAccess access = new GatewayAccess();

  @Mixin private LogOptions log = new LogOptions();

  LoginCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    log.apply(LogOptions.LogLevel.WARN);
    GatewayAccess.Resolved resolved = access.resolveToRemember(console, gateway);
    Optional<List<RouteInfo>> routes = Optional.empty();
    try (var client =
        new DiscoveryClient(resolved.address(), ClientTls.jdkContext(resolved.trust()))) {
      discover(client);
      if (resolved.token().isPresent()) {
        routes = Optional.of(client.routes(resolved.token().get()));
      }
    }
    Path file = UserFiles.login(console);
    access.toRemember(resolved).write(file);
    console.err().println("Remembered " + gateway + " in " + file + ".");
    if (routes.isEmpty()) {
      console.err().println("No token yet: give one with --token-file FILE, here or to http.");
      return 0;
    }
    if (routes.get().isEmpty()) {
      console.err().println("The token's user has no route yet; on the gateway:");
      console.err().println("  penstock route add app.example.com --user USER");
    }
    for (RouteInfo route : routes.get()) {
      console.out().println(route.route());
    }
    boolean choose = routes.get().size() > 1;
    console
        .err()
        .println(
            "Next: penstock http 8080"
                + (choose ? " --domain " + quoted(routes.get().getFirst().route()) : ""));
    return 0;
  }

  /// As a shell takes it: a route may begin with an asterisk.
  private static String quoted(String route) {
    return route.contains("*") ? "'" + route + "'" : route;
  }

  /// Asks whether it is the tunnel port of a gateway. One that shows a certificate that is not
  /// trusted may well be.
  private void discover(DiscoveryClient client) throws IOException {
    try {
      client.discover();
    } catch (ApiException e) {
      if (gateway.port() == USUAL_PORT || isDistrust(e)) {
        throw e;
      }
      throw new Failure(
          e,
          "penstock login %s, if %d is not the gateway's tunnel port; that is %d unless configured"
              .formatted(gateway.withPort(USUAL_PORT), gateway.port(), USUAL_PORT));
    }
  }

  private static boolean isDistrust(Throwable failure) {
    for (@Nullable Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof CertificateException || each instanceof CertPathBuilderException) {
        return true;
      }
    }
    return false;
  }
}
