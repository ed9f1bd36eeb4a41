package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.node.agent.AgentStats;
import io.penstock.node.agent.AgentStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StatusBlockTest {

  private static final AgentStats STATS = new AgentStats(19, 1, 5.154, 1529.4);
  private static final int WIDE = 200;

  private final StatusBlock block =
      new StatusBlock("1.2.3", "gw.example:7443", "http://localhost:8080", List.of());

  private static AgentStatus online(String... urls) {
    return new AgentStatus.Online(List.of(urls), 2, "tcp", Duration.ofMillis(24), Optional.empty());
  }

  @Test
  void onlineItReadsLikeTheWellKnownTools() {
    assertThat(block.lines(online("https://a.example", "http://a.example"), STATS, WIDE))
        .containsExactly(
            "penstock                                                     (Ctrl+C to quit)",
            "",
            "Session Status                online",
            "Version                       1.2.3",
            "Gateway                       gw.example:7443 (2 connections over tcp)",
            "Latency                       24.0ms",
            "Forwarding                    https://a.example -> http://localhost:8080",
            "Forwarding                    http://a.example -> http://localhost:8080",
            "",
            "Connections                   ttl     opn     p50     p90",
            "                              19      1       5.15ms  1529ms");
  }

  @Test
  void aGatewayThatTellsNoUrlStillShowsTheTarget() {
    assertThat(block.lines(online(), STATS, WIDE))
        .contains("Forwarding                    http://localhost:8080");
  }

  @Test
  void aLostLinkSaysWhy() {
    AgentStatus lost = new AgentStatus.Reconnecting("keepalive_timeout");
    assertThat(block.lines(lost, STATS, WIDE))
        .contains("Session Status                reconnecting (keepalive_timeout)")
        .noneMatch(line -> line.startsWith("Latency"));
  }

  @Test
  void theFirstFailureSaysWhy() {
    AgentStatus failed = new AgentStatus.Connecting(Optional.of("nothing answers"));
    assertThat(block.lines(failed, STATS, WIDE))
        .contains("Session Status                connecting (nothing answers)");
  }

  @Test
  void aNoteAndAWarningHaveRowsOfTheirOwn() {
    AgentStatus noted =
        new AgentStatus.Online(
            List.of(), 1, "tcp", Duration.ZERO, Optional.of("kcp did not connect"));
    var warned = new StatusBlock("1", "g:1", "t", List.of("not verified"));
    assertThat(warned.lines(noted, STATS, WIDE))
        .contains(
            "Note                          kcp did not connect",
            "Warning                       not verified",
            "Gateway                       g:1 (1 connection over tcp)");
  }

  @Test
  void aNarrowTerminalCutsLinesRatherThanWrapThem() {
    assertThat(block.lines(online("https://a.example"), STATS, 40))
        .allMatch(line -> line.length() <= 40)
        .contains("Gateway                       gw.exampl…");
  }
}
