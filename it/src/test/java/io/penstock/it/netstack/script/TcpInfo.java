package io.penstock.it.netstack.script;

import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What the kernel tells of a connection: `struct tcp_info` of `linux/tcp.h`.
///
/// @param cwndSegments the congestion window
record TcpInfo(int rtoMicros, int mssBytes, int rttMicros, int cwndSegments) {

  private static final int BYTES = 104;

  static TcpInfo of(Socket socket) throws IOException {
    ByteBuffer in = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.nativeOrder());
    TcpOption.INFO.ask(socket, in);
    return new TcpInfo(in.getInt(8), in.getInt(16), in.getInt(68), in.getInt(80));
  }
}
