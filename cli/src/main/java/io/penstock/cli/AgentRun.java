package io.penstock.cli;

import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.AgentStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;

/// Runs an agent until it is stopped or refused, and shows how it is doing.
///
/// @param screen where it is shown
/// @param block what is shown
record AgentRun(Screen screen, StatusBlock block) {

  private static final Duration REDRAW = Duration.ofMillis(500);

  /// Serves until the end is asked for; returns 0.
  ///
  /// @throws Failure when the gateway refuses the agent for good
  int serve(AgentConfig config, StopSignal stop) throws IOException, InterruptedException {
    AtomicReference<String> said = new AtomicReference<>("");
    try (Agent agent = Agent.start(config, status -> tell(status, said))) {
      do {
        screen.block(width -> block.lines(agent.status(), agent.stats(), width));
        if (agent.status() instanceof AgentStatus.Refused(String code, String message)) {
          throw new Failure(
              code.equals(AgentStatus.Refused.UNTRUSTED)
                  ? message
                  : "the gateway refused this agent: " + message);
        }
      } while (!stop.await(REDRAW));
      if (agent.stats().open() > 0) {
        screen.say("Draining: requests in progress may finish. Ctrl-C again ends at once.");
      }
    }
    return 0;
  }

  /// On a plain screen, one line for each change; the same cause is not repeated.
  private void tell(AgentStatus status, AtomicReference<String> said) {
    if (screen.live() || status.isFinal()) {
      // A live screen shows it; an end is told by what follows.
      return;
    }
    if (status instanceof AgentStatus.Online online) {
      String now = StatusBlock.session(status) + String.join(" ", online.urls());
      if (!now.equals(said.getAndSet(now))) {
        screen.say("online");
        block.forwarding(online.urls()).forEach(screen::say);
        online.note().ifPresent(screen::say);
      }
      return;
    }
    String now = StatusBlock.session(status);
    if (!now.equals(said.getAndSet(now))) {
      screen.say(now);
    }
  }
}
