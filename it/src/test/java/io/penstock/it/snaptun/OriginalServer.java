package io.penstock.it.snaptun;

import io.penstock.it.PeerProgram;
import io.penstock.it.RustPeers;
import io.penstock.transport.tls.Fingerprint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import tools.jackson.databind.JsonNode;

/// The original's server on the loopback interface, which echoes every packet.
final class OriginalServer implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(15);

  private final PeerProgram program;
  private final JsonNode ready;

  private OriginalServer(String... flags) throws Exception {
    program = RustPeers.start("snaptun-server", flags);
    ready = program.ready();
  }

  static OriginalServer start(String... flags) throws Exception {
    return new OriginalServer(flags);
  }

  /// `HOST:PORT`, for a Rust peer.
  String address() {
    return ready.get("listening").asString();
  }

  InetSocketAddress socketAddress() {
    int port = Integer.parseInt(address().substring(address().indexOf(':') + 1));
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /// The key in its certificate.
  Fingerprint pin() {
    return Fingerprint.parse(ready.get("pin").asString());
  }

  /// The next event of that name.
  JsonNode event(String name) throws Exception {
    return program.line(line -> name.equals(line.path("event").asString("")), LIMIT);
  }

  @Override
  public void close() {
    program.close();
  }
}
