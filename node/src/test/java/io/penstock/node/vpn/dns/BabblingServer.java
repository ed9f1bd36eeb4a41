package io.penstock.node.vpn.dns;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/// A server on a loopback address that sends something to whoever asked it, again and again, and
/// never an answer.
final class BabblingServer implements AutoCloseable {

  private static final int INTERVAL_MILLIS = 100;

  private final ServerSocket tcp;
  private final DatagramSocket udp;
  private final AtomicInteger asked = new AtomicInteger();

  BabblingServer() throws IOException {
    tcp = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    udp = new DatagramSocket(tcp.getLocalPort(), InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::datagrams);
    Thread.ofVirtual().start(this::connections);
  }

  InetSocketAddress address() {
    return (InetSocketAddress) tcp.getLocalSocketAddress();
  }

  /// How many queries came, over UDP and TCP.
  int asked() {
    return asked.get();
  }

  private void datagrams() {
    DatagramPacket query = new DatagramPacket(new byte[512], 512);
    try {
      udp.receive(query);
      asked.incrementAndGet();
      udp.setSoTimeout(INTERVAL_MILLIS);
      while (!udp.isClosed()) {
        udp.send(query);
        try {
          udp.receive(new DatagramPacket(new byte[512], 512));
        } catch (SocketTimeoutException _) {
          // It is time for the next.
        }
      }
    } catch (IOException _) {
      // The test is over.
    }
  }

  private void connections() {
    try (Socket client = tcp.accept()) {
      InputStream in = client.getInputStream();
      int first = in.read();
      asked.incrementAndGet();
      client.setSoTimeout(INTERVAL_MILLIS);
      while (first >= 0) {
        client.getOutputStream().write(0);
        try {
          first = in.read();
        } catch (SocketTimeoutException _) {
          // It is time for the next.
        }
      }
    } catch (IOException _) {
      // The client has gone, or the test is over.
    }
  }

  @Override
  public void close() throws IOException {
    udp.close();
    tcp.close();
  }
}
