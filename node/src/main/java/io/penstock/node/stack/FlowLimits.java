package io.penstock.node.stack;

import io.penstock.node.fallback.FallbackConfig;
import io.penstock.node.fallback.FallbackCounts;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// How many fallback flows are in flight, to each port and in all, and what became of the others.
///
/// Memory is that of the ports that have flows. Safe for use by several threads.
final class FlowLimits {

  private final FallbackConfig config;
  private final Map<Integer, Integer> ports = new HashMap<>();
  private final Map<FallbackDesk.Outcome, Long> outcomes =
      new EnumMap<>(FallbackDesk.Outcome.class);
  private int inFlight;

  FlowLimits(FallbackConfig config) {
    this.config = config;
  }

  /// Counts a new flow in, to be followed by [#leave]; or says why there is no room for it.
  synchronized Optional<FallbackDesk.Outcome> enter(boolean tcp, int port) {
    if (inFlight >= config.maxFlows()) {
      return Optional.of(FallbackDesk.Outcome.OVER_ALL);
    }
    if (ports.getOrDefault(key(tcp, port), 0) >= config.maxFlowsPerPort()) {
      return Optional.of(FallbackDesk.Outcome.OVER_PORT);
    }
    inFlight++;
    ports.merge(key(tcp, port), 1, Integer::sum);
    return Optional.empty();
  }

  synchronized void leave(boolean tcp, int port) {
    inFlight--;
    ports.computeIfPresent(key(tcp, port), (_, flows) -> flows > 1 ? flows - 1 : null);
  }

  synchronized void count(FallbackDesk.Outcome outcome) {
    outcomes.merge(outcome, 1L, Long::sum);
  }

  synchronized FallbackCounts counts() {
    return new FallbackCounts(
        inFlight,
        of(FallbackDesk.Outcome.ACCEPTED),
        of(FallbackDesk.Outcome.UNCLAIMED),
        of(FallbackDesk.Outcome.REJECTED),
        of(FallbackDesk.Outcome.FAILED),
        of(FallbackDesk.Outcome.LATE),
        of(FallbackDesk.Outcome.OVER_PORT),
        of(FallbackDesk.Outcome.OVER_ALL));
  }

  private long of(FallbackDesk.Outcome outcome) {
    return outcomes.getOrDefault(outcome, 0L);
  }

  private static int key(boolean tcp, int port) {
    return tcp ? port : ~port;
  }
}
