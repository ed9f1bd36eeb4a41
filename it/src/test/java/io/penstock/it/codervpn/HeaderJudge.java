package io.penstock.it.codervpn;

import io.penstock.it.CoderVpnPeers;
import io.penstock.it.PeerProgram;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A tunnel of the original that says of each header whether it takes it.
final class HeaderJudge implements AutoCloseable {

  private final Path directory;
  private final Path socket;
  private final PeerProgram program;

  /// @param version `original` or `current`
  HeaderJudge(String version) throws Exception {
    directory = Files.createTempDirectory("codervpn");
    socket = directory.resolve("socket");
    program = CoderVpnPeers.start("codervpn-tunnel-" + version, "-judge", socket.toString());
    program.ready();
  }

  /// @param bytes with their line feed, if they are to have one
  boolean takes(String bytes) throws Exception {
    try (SocketChannel connection = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      connection.connect(UnixDomainSocketAddress.of(socket));
      ByteBuffer out = ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1));
      while (out.hasRemaining()) {
        connection.write(out);
      }
      return program.nextLine(Outcomes.LIMIT).get("taken").asBoolean();
    }
  }

  @Override
  public void close() throws IOException {
    program.close();
    Files.deleteIfExists(socket);
    Files.delete(directory);
  }
}
