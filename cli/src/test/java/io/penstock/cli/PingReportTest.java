package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.node.ping.PingRequest;
import io.penstock.node.ping.PingResult;
import io.penstock.node.ping.PingStatistics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PingReportTest {

  private static final IpAddress DB = IpAddress.parse("10.86.0.9");
  private static final List<PingResult> RESULTS =
      List.of(
          new PingResult.Reply(1, Duration.ofNanos(1_234_000), 63, 64),
          new PingResult.Reported(2, IpAddress.parse("10.86.0.1"), "no route to the destination"),
          new PingResult.TimedOut(3),
          new PingResult.NotSent("the tunnel is full"));

  @TempDir private Path home;

  @Test
  void lines_are_those_of_other_pings() {
    assertThat(report(false))
        .containsExactly(
            "PING db (10.86.0.9) from 10.86.0.12: 56 bytes of data",
            "64 bytes from 10.86.0.9: seq=1 ttl=63 time=1.23 ms",
            "From 10.86.0.1: seq=2 no route to the destination",
            "No answer: seq=3",
            "Not sent: the tunnel is full",
            "",
            "--- db ping statistics ---",
            "3 sent, 1 received, 1 errors, 67% lost, 1 not sent",
            "round trip min/avg/max/mdev = 1.23/1.23/1.23/0.00 ms");
  }

  @Test
  void json_is_one_object_to_a_line() {
    assertThat(report(true))
        .containsExactly(
            "{\"address\":\"10.86.0.9\",\"sequence\":1,\"result\":\"reply\",\"millis\":1.234,\"ttl\":63,\"bytes\":64}",
            "{\"address\":\"10.86.0.9\",\"sequence\":2,\"result\":\"error\",\"from\":\"10.86.0.1\",\"detail\":\"no"
                + " route to the destination\"}",
            "{\"address\":\"10.86.0.9\",\"sequence\":3,\"result\":\"timeout\"}",
            "{\"address\":\"10.86.0.9\",\"result\":\"not_sent\",\"detail\":\"the tunnel is full\"}",
            "{\"node\":\"db\",\"address\":\"10.86.0.9\",\"sent\":3,\"received\":1,\"errors\":1,\"notSent\":1,\"minMillis\":1.234,\"avgMillis\":1.234,\"maxMillis\":1.234,\"mdevMillis\":0.0}");
  }

  private List<String> report(boolean json) {
    CommandRun run = new CommandRun(home);
    PingReport report = new PingReport(run.console(), json, "db", PingRequest.to(DB));
    PingStatistics statistics = new PingStatistics();
    report.begin(IpAddress.parse("10.86.0.12"));
    RESULTS.forEach(
        result -> {
          statistics.add(result);
          report.result(result);
        });
    report.end(statistics);
    return run.out().lines().toList();
  }
}
