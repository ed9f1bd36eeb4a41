package io.penstock.it.snaptun;

import io.penstock.it.PeerProgram;
import io.penstock.it.RustPeers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;

/// What a client of quinn alone does on one connection, and what it saw.
///
/// `it/peers/rust/README.md` lists the steps of `snaptun-raw`.
final class Script {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  /// A field 1 with a varint of five bytes: when a session ends, in Unix seconds.
  private static final String EXPIRY = "08[0-9a-f]{10}";

  private Script() {}

  /// Runs the steps against a server and returns a line for each `answer`, `packet` and `closed`
  /// among them; the end of a session is written `soon` or `in an hour`.
  static List<String> run(String server, String steps) throws Exception {
    List<String> words = new ArrayList<>(List.of("-connect", server));
    for (String step : steps.strip().split("\\s+", -1)) {
      words.add(step.replace('~', ' '));
    }
    List<String> seen = new ArrayList<>();
    try (PeerProgram raw = RustPeers.start("snaptun-raw", words.toArray(new String[0]))) {
      raw.ready();
      long told =
          words.stream().filter(word -> word.matches("(answer|packet|closed)(=.*)?")).count();
      for (long i = 0; i < told; i++) {
        seen.add(text(raw.nextLine(LIMIT)));
      }
    }
    return seen;
  }

  /// The same, beside the caller, so that two servers can be tried at one time.
  static CompletableFuture<List<String>> start(String server, String steps) {
    CompletableFuture<List<String>> seen = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                seen.complete(run(server, steps));
              } catch (Exception | AssertionError e) {
                seen.completeExceptionally(e);
              }
            });
    return seen;
  }

  private static String text(JsonNode line) {
    if (line.has("answer")) {
      return line.get("answer").isNull() ? "no answer" : answer(line);
    }
    if (line.has("packet")) {
      return line.get("packet").isNull() ? "no packet" : "packet " + line.get("packet").asString();
    }
    if (line.has("closed")) {
      JsonNode closed = line.get("closed");
      return closed.isNull()
          ? "open"
          : closed.has("code")
              ? "closed %d %s"
                  .formatted(closed.get("code").asInt(), closed.get("reason").asString())
              : "lost " + closed.get("lost").asString();
    }
    return line.toString();
  }

  private static String answer(JsonNode line) {
    String body = line.get("body").asString();
    String told = body.matches(EXPIRY) ? expiry(body) : body;
    List<String> headers = line.get("headers").valueStream().map(JsonNode::asString).toList();
    return (line.get("answer").asString() + " " + headers + " " + told).strip();
  }

  private static String expiry(String body) {
    long seconds = 0;
    for (int at = 0; at < 5; at++) {
      long octet = Long.parseLong(body.substring(2 + 2 * at, 4 + 2 * at), 16);
      seconds |= (octet & 0x7f) << (7 * at);
    }
    long ahead = seconds - Instant.now().getEpochSecond();
    return ahead > 3590 && ahead <= 3601 ? "in an hour" : ahead >= -4 && ahead <= 2 ? "soon" : body;
  }
}
