package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.node.ping.PingRequest;
import io.penstock.node.ping.PingResult;
import io.penstock.node.ping.PingStatistics;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// What `penstock ping` prints: lines as other pings print them, or JSON, one object to a line.
final class PingReport {

  private final Console console;
  private final boolean json;
  private final String node;
  private final PingRequest request;

  PingReport(Console console, boolean json, String node, PingRequest request) {
    this.console = console;
    this.json = json;
    this.node = node;
    this.request = request;
  }

  void begin(IpAddress own) {
    if (!json) {
      console
          .out()
          .printf(
              Locale.ROOT,
              "PING %s (%s) from %s: %d bytes of data%n",
              node,
              target(),
              own,
              request.dataBytes());
    }
  }

  void result(PingResult result) {
    if (json) {
      console.json(fields(result));
      return;
    }
    switch (result) {
      case PingResult.Reply(int sequence, Duration time, int hops, int bytes) ->
          console
              .out()
              .printf(
                  Locale.ROOT,
                  "%d bytes from %s: seq=%d ttl=%d time=%.2f ms%n",
                  bytes,
                  target(),
                  sequence,
                  hops,
                  millis(time));
      case PingResult.Reported(int sequence, IpAddress from, String words) ->
          console.out().printf(Locale.ROOT, "From %s: seq=%d %s%n", from, sequence, words);
      case PingResult.TimedOut(int sequence) ->
          console.out().printf(Locale.ROOT, "No answer: seq=%d%n", sequence);
      case PingResult.NotSent(String why) ->
          console.out().printf(Locale.ROOT, "Not sent: %s%n", why);
    }
  }

  void end(PingStatistics statistics) {
    if (json) {
      console.json(fields(statistics));
      return;
    }
    console.out().println();
    console.out().printf(Locale.ROOT, "--- %s ping statistics ---%n", node);
    console
        .out()
        .printf(
            Locale.ROOT,
            "%d sent, %d received%s, %.0f%% lost%s%n",
            statistics.sent(),
            statistics.received(),
            statistics.errors() == 0 ? "" : ", " + statistics.errors() + " errors",
            statistics.lossPercent(),
            statistics.notSent() == 0 ? "" : ", " + statistics.notSent() + " not sent");
    if (statistics.received() > 0) {
      console
          .out()
          .printf(
              Locale.ROOT,
              "round trip min/avg/max/mdev = %.2f/%.2f/%.2f/%.2f ms%n",
              millis(statistics.least()),
              statistics.meanMillis(),
              millis(statistics.most()),
              statistics.deviationMillis());
    }
  }

  private Map<String, Object> fields(PingResult result) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("address", target().toString());
    switch (result) {
      case PingResult.Reply(int sequence, Duration time, int hops, int bytes) -> {
        fields.put("sequence", sequence);
        fields.put("result", "reply");
        fields.put("millis", millis(time));
        fields.put("ttl", hops);
        fields.put("bytes", bytes);
      }
      case PingResult.Reported(int sequence, IpAddress from, String words) -> {
        fields.put("sequence", sequence);
        fields.put("result", "error");
        fields.put("from", from.toString());
        fields.put("detail", words);
      }
      case PingResult.TimedOut(int sequence) -> {
        fields.put("sequence", sequence);
        fields.put("result", "timeout");
      }
      case PingResult.NotSent(String why) -> {
        fields.put("result", "not_sent");
        fields.put("detail", why);
      }
    }
    return fields;
  }

  private Map<String, Object> fields(PingStatistics statistics) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("node", node);
    fields.put("address", target().toString());
    fields.put("sent", statistics.sent());
    fields.put("received", statistics.received());
    fields.put("errors", statistics.errors());
    fields.put("notSent", statistics.notSent());
    if (statistics.received() > 0) {
      fields.put("minMillis", millis(statistics.least()));
      fields.put("avgMillis", statistics.meanMillis());
      fields.put("maxMillis", millis(statistics.most()));
      fields.put("mdevMillis", statistics.deviationMillis());
    }
    return fields;
  }

  private IpAddress target() {
    return request.target();
  }

  private static double millis(Duration time) {
    return time.toNanos() / 1e6;
  }
}
