package io.penstock.it.example;

import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// How the examples join an overlay: the first words of each are `GATEWAY CA_FILE TOKEN_FILE`.
final class Member {

  /// Which of an example's words is the first of its own.
  static final int WORDS = 3;

  private Member() {}

  static Node join(String name, String[] arguments) throws IOException {
    return Node.start(
        NodeConfig.builder(arguments[0], name)
            .trust(trust(arguments))
            .tokenFile(Path.of(arguments[2]))
            .nameLimit(Duration.ofSeconds(30))
            .build());
  }

  /// The authority of the gateway, which certifies the nodes, too.
  static Trust trust(String[] arguments) {
    return new Trust.CaFile(Path.of(arguments[1]));
  }
}
