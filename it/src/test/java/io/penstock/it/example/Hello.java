package io.penstock.it.example;

import io.penstock.api.PeerInfo;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/// Greets whoever visits port 8080 of the node `hello`: `GATEWAY FINGERPRINT TOKEN_FILE`.
final class Hello {

  private Hello() {}

  public static void main(String[] arguments) throws Exception {
    NodeConfig config =
        NodeConfig.builder(arguments[0], "hello")
            .trust(new Trust.Pinned(Fingerprint.parse(arguments[1])))
            .tokenFile(Path.of(arguments[2]))
            .build();
    try (Node node = Node.start(config)) {
      node.awaitRunning(Duration.ofSeconds(30));
      try (ServerSocket listener = node.listen(8080)) {
        System.out.println("Visit " + node.domainName().orElseThrow() + " at port 8080");
        while (true) {
          greet(node, listener);
        }
      }
    }
  }

  private static void greet(Node node, ServerSocket listener) throws Exception {
    try (Socket visitor = listener.accept()) {
      String who = node.whoIs(visitor).map(PeerInfo::name).orElse("stranger");
      String greeting = "Hello, " + who + "\n";
      visitor.getOutputStream().write(greeting.getBytes(StandardCharsets.UTF_8));
    }
  }
}
