package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.Socket;
import java.util.Random;

/// What tests send.
final class Transfers {

  private Transfers() {}

  /// Bytes of which no piece is like another.
  static byte[] random(int bytes, long seed) {
    byte[] made = new byte[bytes];
    new Random(seed).nextBytes(made);
    return made;
  }

  /// Sends them, and then the end of the stream.
  static void sendAll(Socket socket, byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.shutdownOutput();
  }
}
