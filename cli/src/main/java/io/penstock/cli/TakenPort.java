package io.penstock.cli;

import io.penstock.gateway.ListenException;
import java.util.Set;

/// Says how to find the process that has a port which a gateway wanted.
final class TakenPort {

  private static final Set<String> UDP = Set.of("tunnel.kcp", "overlay.quic");

  private TakenPort() {}

  /// Advice to stand behind another one.
  static String finder(ListenException failure) {
    return "find who has the port with: ss -%snp"
        .formatted(UDP.contains(failure.key()) ? "lu" : "lt");
  }
}
