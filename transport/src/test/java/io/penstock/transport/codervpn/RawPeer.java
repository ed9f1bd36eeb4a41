package io.penstock.transport.codervpn;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.HexFormat;

/// A peer on a Unix socket that says byte by byte what a test wants, and blocks.
final class RawPeer implements AutoCloseable {

  private static final int CHUNK_BYTES = 64 * 1024;

  private final SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);

  RawPeer(UnixDomainSocketAddress address) throws IOException {
    socket.connect(address);
  }

  void send(String text) throws IOException {
    send(text.getBytes(ISO_8859_1));
  }

  /// @param hex may have blanks in it
  void sendHex(String hex) throws IOException {
    send(HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  void send(byte[] bytes) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    while (out.hasRemaining()) {
      socket.write(out);
    }
  }

  /// Sends nothing more, and may still read.
  void finish() throws IOException {
    socket.shutdownOutput();
  }

  /// Reads so many bytes, or fewer if the other end closes before.
  byte[] read(int bytes) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(bytes);
    while (in.hasRemaining() && socket.read(in) >= 0) {}
    return Arrays.copyOf(in.array(), in.position());
  }

  /// Reads until the other end has closed, 64 KiB at most.
  String drain() throws IOException {
    return new String(read(CHUNK_BYTES), ISO_8859_1);
  }

  /// Counts the bytes until the other end has closed.
  long count() throws IOException {
    ByteBuffer in = ByteBuffer.allocate(CHUNK_BYTES);
    long all = 0;
    for (int length = socket.read(in); length >= 0; length = socket.read(in)) {
      all += length;
      in.clear();
    }
    return all;
  }

  /// Closes both directions.
  void hangUp() throws IOException {
    socket.close();
  }

  @Override
  public void close() throws IOException {
    hangUp();
  }
}
