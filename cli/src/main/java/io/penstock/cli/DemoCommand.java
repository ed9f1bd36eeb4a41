package io.penstock.cli;

import io.penstock.gateway.ListenException;
import io.penstock.node.agent.Agent;
import io.penstock.node.demo.DemoCheck;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `penstock demo`: a gateway, a sample app and an agent in one process, to look at or to be
/// checked.
@Command(
    name = "demo",
    header = "See it work on this machine: a gateway, a sample app and an agent.",
    description =
        "%nEverything is kept in a temporary directory and gone afterwards. With --check it tries"
            + " the tunnel itself, on free ports, and ends with 0 if all went well and 1 if not.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock demo                then open http://hello.localhost:8000",
      "  penstock demo --free-ports   when a usual port is taken",
      "  penstock demo --check"
    })
final class DemoCommand implements Callable<Integer> {

  private final Console console;

  @Option(names = "--check", description = "Try the tunnel, print a table, and end.")
  private boolean check;

  @Option(
      names = "--free-ports",
      description = "Take any free ports rather than 8000, 8443, 7443 and 7070.")
  private boolean freePorts;

  @Mixin private LogOptions log = new LogOptions();

  DemoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    log.apply(LogOptions.LogLevel.WARN);
    long start = System.nanoTime();
    try (StopSignal stop = StopSignal.listen();
        Demo demo = start()) {
      return check ? check(demo, start) : serve(demo, stop);
    }
  }

  private Demo start() throws IOException {
    try {
      return Demo.start(check || freePorts ? Demo.Ports.FREE : Demo.Ports.USUAL);
    } catch (ListenException e) {
      throw new Failure(e, "penstock demo --free-ports, or " + TakenPort.finder(e));
    }
  }

  private int serve(Demo demo, StopSignal stop) throws IOException, InterruptedException {
    StatusBlock block =
        new StatusBlock(
            VersionCommand.version(), demo.tunnel().toString(), demo.app().toString(), List.of());
    try (Screen screen = Screen.of(console)) {
      screen.say("Open " + demo.url() + " in a browser, or type: curl " + demo.url());
      screen.say("");
      return new AgentRun(screen, block).serve(demo.agentConfig(), stop);
    }
  }

  private int check(Demo demo, long startNanos) throws IOException, InterruptedException {
    row(new DemoCheck.Result("Gateway starts", true, since(startNanos), demo.url()));
    long connecting = System.nanoTime();
    try (Agent agent = Agent.connect(demo.agentConfig())) {
      String urls = String.join(" ", agent.urls());
      row(new DemoCheck.Result("Agent connects", true, since(connecting), urls));
      DemoCheck check = new DemoCheck(demo.ingress(), demo.host(), demo::agents);
      List<DemoCheck.Result> results = new ArrayList<>(check.run(this::row));
      if (demo.nodes().isPresent()) {
        DemoCheck.Result pings = demo.nodes().get().run();
        row(pings);
        results.add(pings);
      }
      demo.serving().ifPresent(serving -> results.addAll(serving.run(this::row)));
      if (demo.vpn().isPresent()) {
        DemoCheck.Result roles = demo.vpn().get().run();
        row(roles);
        results.add(roles);
      }
      long failed = results.stream().filter(result -> !result.passed()).count();
      console
          .out()
          .println(failed == 0 ? "All went well." : failed + " of " + results.size() + " failed.");
      return failed == 0 ? 0 : 1;
    }
  }

  private void row(DemoCheck.Result result) {
    console
        .out()
        .printf(
            Locale.ROOT,
            "%s  %-22s %9.1f ms  %s%n",
            result.passed() ? "✓" : "✗",
            result.name(),
            result.took().toNanos() / 1e6,
            result.detail());
    console.out().flush();
  }

  private static Duration since(long startNanos) {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }
}
