package io.penstock.cli;

import io.penstock.api.Discovery;
import io.penstock.api.HostPort;
import io.penstock.api.PeerInfo;
import io.penstock.api.RouteInfo;
import io.penstock.api.ShellWord;
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
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `penstock login`: tries a gateway and remembers it for this user.
@Command(
    name = "login",
    header = "Remember a gateway, and the token for it, for this user.",
    description =
        "%nTries the gateway first, and the token if there is one: with the scope connect it is"
            + " good for http, with the scope overlay for ping. The file that remembers them is"
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
    Optional<TokenRights> rights = Optional.empty();
    SSLContext tls = ClientTls.jdkContext(resolved.trust());
    try (var client = new DiscoveryClient(resolved.address(), tls)) {
      boolean overlay = discover(client).quic().isPresent();
      if (resolved.token().isPresent()) {
        String token = resolved.token().get();
        rights = Optional.of(TokenRights.of(client, resolved.address(), overlay, tls, token));
      }
    }
    Path file = UserFiles.login(console);
    access.toRemember(resolved).write(file);
    console.err().println("Remembered " + gateway + " in " + file + ".");
    rights.ifPresentOrElse(
        this::tell,
        () ->
            console
                .err()
                .println(
                    "No token yet: give one with --token-file FILE, here, to http or to ping."));
    return 0;
  }

  private void tell(TokenRights rights) {
    rights.routes().ifPresent(this::tellRoutes);
    rights.peers().ifPresent(peers -> tellPeers(peers, rights.routes().isPresent()));
  }

  private void tellRoutes(List<RouteInfo> routes) {
    if (routes.isEmpty()) {
      console.err().println("The token's user has no route yet; on the gateway:");
      console.err().println("  penstock route add app.example.com --user USER");
    }
    for (RouteInfo route : routes) {
      console.out().println(route.route());
    }
    boolean choose = routes.size() > 1;
    next("http 8080" + (choose ? " --domain " + ShellWord.of(routes.getFirst().route()) : ""));
  }

  private void tellPeers(List<PeerInfo> peers, boolean alsoRoutes) {
    if (!alsoRoutes) {
      console
          .err()
          .println(
              "The token has the scope overlay: it lets nodes into the private network. To show a"
                  + " web app it would need the scope connect.");
    }
    List<String> online =
        peers.stream().filter(PeerInfo::online).map(PeerInfo::name).sorted().toList();
    if (!online.isEmpty()) {
      console.err().println("Nodes that are connected: " + String.join(", ", online));
    }
    next("ping " + (online.isEmpty() ? "gateway" : online.getFirst()));
  }

  private void next(String command) {
    console.err().println("Next: penstock " + command);
  }

  /// Asks whether it is the tunnel port of a gateway. One that shows a certificate that is not
  /// trusted may well be.
  private Discovery discover(DiscoveryClient client) throws IOException {
    try {
      return client.discover();
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
