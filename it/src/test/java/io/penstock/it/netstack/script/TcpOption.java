package io.penstock.it.netstack.script;

import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Options of the kernel's TCP sockets, by the numbers of `linux/tcp.h`.
enum TcpOption {
  KEEP_IDLE(4),
  KEEP_INTERVAL(5),
  KEEP_COUNT(6),
  INFO(11),
  CONGESTION(13),
  USER_TIMEOUT(18);

  private static final int IPPROTO_TCP = 6;

  private final int number;

  TcpOption(int number) {
    this.number = number;
  }

  void set(Socket socket, int value) throws IOException {
    socket.setIntOpt(IPPROTO_TCP, number, value);
  }

  void set(Socket socket, ByteBuffer value) throws IOException {
    socket.setRawOpt(IPPROTO_TCP, number, value);
  }

  /// Fills the buffer, which is direct.
  void ask(Socket socket, ByteBuffer into) throws IOException {
    socket.getRawOpt(IPPROTO_TCP, number, into);
  }
}
