package io.penstock.transport.kcp;

import io.penstock.protocol.kcp.KcpHeader;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Somebody with a UDP socket who sends what he likes.
final class RawPeer implements AutoCloseable {

  private final DatagramSocket socket;

  RawPeer(InetSocketAddress server) throws IOException {
    socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    socket.connect(server);
    socket.setSoTimeout(10_000);
  }

  void push(int conv, int sn, int dataBytes) throws IOException {
    send(segment(conv, KcpHeader.PUSH, 0, sn, 0, dataBytes));
  }

  void ack(int conv, int ts, int sn) throws IOException {
    send(segment(conv, KcpHeader.ACK, ts, sn, sn + 1, 0));
  }

  void send(byte[] datagram) throws IOException {
    socket.send(new DatagramPacket(datagram, datagram.length));
  }

  /// Waits for a segment with this command and returns its datagram from there on.
  ByteBuffer await(int cmd) throws IOException {
    byte[] buffer = new byte[2048];
    while (true) {
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      socket.receive(packet);
      ByteBuffer datagram =
          ByteBuffer.wrap(buffer, 0, packet.getLength()).order(ByteOrder.LITTLE_ENDIAN);
      while (datagram.remaining() >= KcpHeader.BYTES) {
        int at = datagram.position();
        if (datagram.get(at + 4) == cmd) {
          return datagram.slice().order(ByteOrder.LITTLE_ENDIAN);
        }
        datagram.position(at + KcpHeader.BYTES + datagram.getInt(at + 20));
      }
    }
  }

  boolean hearsNothingFor(int millis) throws IOException {
    socket.setSoTimeout(millis);
    try {
      socket.receive(new DatagramPacket(new byte[2048], 2048));
      return false;
    } catch (SocketTimeoutException e) {
      return true;
    }
  }

  private static byte[] segment(int conv, int cmd, int ts, int sn, int una, int dataBytes) {
    return ByteBuffer.allocate(KcpHeader.BYTES + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(conv)
        .put((byte) cmd)
        .put((byte) 0)
        .putShort((short) 32)
        .putInt(ts)
        .putInt(sn)
        .putInt(una)
        .putInt(dataBytes)
        .array();
  }

  @Override
  public void close() {
    socket.close();
  }
}
