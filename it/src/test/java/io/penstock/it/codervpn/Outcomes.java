package io.penstock.it.codervpn;

import static org.assertj.core.api.Assertions.catchThrowable;

import io.penstock.it.PeerProgram;
import io.penstock.protocol.codervpn.CallFault;
import io.penstock.transport.codervpn.CallFailedException;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/// What came of calls and of the steps of programs, awaited far longer than anything here takes.
final class Outcomes {

  static final Duration LIMIT = Duration.ofSeconds(60);

  private Outcomes() {}

  static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  /// Why a call failed.
  static CallFault fault(CompletionStage<?> stage) {
    if (catchThrowable(() -> get(stage)) instanceof ExecutionException failure
        && failure.getCause() instanceof CallFailedException failed) {
      return failed.fault();
    }
    throw new AssertionError("no call that failed: " + stage);
  }

  /// The line of a step.
  static JsonNode step(PeerProgram program, String name) throws Exception {
    return program.line(line -> line.path("step").asString("").equals(name), LIMIT);
  }

  /// The line of something that happened.
  static JsonNode event(PeerProgram program, String name) throws Exception {
    return program.line(line -> line.path("event").asString("").equals(name), LIMIT);
  }

  /// The next message that the manager was told.
  static JsonNode told(PeerProgram program) throws Exception {
    return event(program, "told").get("message");
  }
}
