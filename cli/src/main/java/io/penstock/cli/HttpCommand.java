package io.penstock.cli;

import io.penstock.api.RouteName;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.GatewayTransport;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.node.agent.app.HostHeader;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock http`: runs an agent that shows a local web app through a gateway.
@Command(
    name = "http",
    header = "Show a local web app through a gateway.",
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock http 8080",
      "  penstock http 192.168.1.20:3000 --domain app.example.com",
      "  penstock http https://localhost:8443 --insecure-upstream --host-header rewrite",
      "  penstock http 8080 --gateway gw.example.com:7443 --token-file ann.token",
      "",
      "SIGTERM and Ctrl-C let requests finish first; a second one ends at once."
    })
final class HttpCommand implements Callable<Integer> {

  /// What carries the tunnel.
  enum Transport {
    TCP,
    KCP
  }

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "TARGET", description = "The app: a port, a host:port, or a URL.")
  private String target = "";

  @Option(
      names = "--domain",
      paramLabel = "DOMAIN[/PATH]",
      description = "The route to serve; repeatable (default: the user's only one).")
  private List<RouteName> domains = new ArrayList<>();

  @Mixin private GatewayChoice gateway = new GatewayChoice();

  @Option(
      names = "--transport",
      paramLabel = "tcp|kcp",
      description = "What carries the tunnel; kcp falls back to tcp (default: tcp).")
  private Transport transport = Transport.TCP;

  @Option(
      names = "--host-header",
      paramLabel = "preserve|rewrite|VALUE",
      description =
          "What the app sees as Host: the visitor's, the target's or this (default: preserve).")
  private String hostHeader = "preserve";

  @Option(
      names = "--insecure-upstream",
      description = "Do not verify the certificate of an https:// app.")
  private boolean insecureUpstream;

  @Mixin private LogOptions log = new LogOptions();

  HttpCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    log.apply(LogOptions.LogLevel.WARN);
    URI app = Usage.valueOf(spec, "TARGET", () -> Target.parse(target));
    AppConfig appConfig = Usage.valueOf(spec, "the app", () -> app(app));
    GatewayAccess.Resolved resolved = gateway.resolve(console);
    String token =
        resolved
            .token()
            .orElseThrow(
                () ->
                    new Failure(
                        "no token was given, and none is remembered for " + resolved.address(),
                        "--token-file FILE, or PENSTOCK_TOKEN, or penstock login "
                            + resolved.address()
                            + " --token-file FILE"));
    AgentConfig config =
        Usage.valueOf(
            spec,
            "the agent",
            () ->
                AgentConfig.builder(resolved.address().host(), resolved.address().port(), appConfig)
                    .trust(resolved.trust())
                    .token(token)
                    .domains(domains.stream().map(RouteName::toString).toList())
                    .transport(
                        transport == Transport.KCP
                            ? new GatewayTransport.Kcp(Optional.empty())
                            : new GatewayTransport.Tcp())
                    .build());
    AppProbe.warn(app, console);
    List<String> warnings =
        resolved.trust() instanceof Trust.Anybody
            ? List.of("the gateway is not verified (--insecure-skip-verify)")
            : List.of();
    StatusBlock block =
        new StatusBlock(
            VersionCommand.version(), resolved.address().toString(), app.toString(), warnings);
    try (StopSignal stop = StopSignal.listen();
        Screen screen = Screen.of(console)) {
      return new AgentRun(screen, block).serve(config, stop);
    }
  }

  private AppConfig app(URI url) {
    return AppConfig.builder(url)
        .hostHeader(HostHeader.parse(hostHeader))
        .trust(insecureUpstream ? new Trust.Anybody() : new Trust.SystemRoots())
        .build();
  }
}
