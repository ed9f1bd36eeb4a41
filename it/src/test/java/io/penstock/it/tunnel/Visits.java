package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Visitors that verify every byte they get: runs of the Go program `visitor`.
final class Visits implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(110);

  private final PeerProgram visitor;

  private Visits(PeerProgram visitor) {
    this.visitor = visitor;
  }

  /// Sends visitors on their way.
  ///
  /// @param address where they connect to
  /// @param host what they ask for
  static Visits start(String address, String host, String mode, int requests, String... more)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-addr", address, "-host", host, "-mode", mode, "-n", String.valueOf(requests)));
    arguments.addAll(List.of(more));
    return new Visits(GoPeers.start("visitor", arguments.toArray(new String[0])));
  }

  /// Sends visitors and waits until each has been served without a fault.
  static void succeed(String address, String host, String mode, int requests, String... more)
      throws Exception {
    try (Visits visits = start(address, host, mode, requests, more)) {
      visits.awaitSuccess();
    }
  }

  /// Waits until each of them has been served without a fault.
  void awaitSuccess() throws Exception {
    JsonNode result = visitor.nextLine(LIMIT);
    assertThat(result.path("failed").asInt(-1)).as(result.toString()).isZero();
    assertThat(result.get("ok")).isEqualTo(result.get("requests"));
  }

  @Override
  public void close() {
    visitor.close();
  }
}
