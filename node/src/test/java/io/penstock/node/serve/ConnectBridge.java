package io.penstock.node.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/// An HTTP CONNECT proxy on loopback through which a client reaches the node by name.
final class ConnectBridge implements AutoCloseable {

  private final ServerSocket listening;
  private final ServeFixture node;

  private ConnectBridge(ServeFixture node) throws IOException {
    this.node = node;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::serve);
  }

  static ConnectBridge to(ServeFixture node) throws IOException {
    return new ConnectBridge(node);
  }

  int port() {
    return listening.getLocalPort();
  }

  private void serve() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        Thread.ofVirtual().start(() -> connect(client));
      } catch (IOException _) {
        return;
      }
    }
  }

  private void connect(Socket client) {
    try (client) {
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = client.getInputStream().read();
        if (next < 0) {
          return;
        }
        head.append((char) next);
      }
      String authority = head.substring("CONNECT ".length(), head.indexOf(" HTTP"));
      int port = Integer.parseInt(authority.substring(authority.indexOf(':') + 1));
      try (Socket to = new Socket(InetAddress.getLoopbackAddress(), node.bridge(port))) {
        client
            .getOutputStream()
            .write("HTTP/1.1 200 OK\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        Thread back = Thread.ofVirtual().start(() -> copy(to, client));
        copy(client, to);
        back.join();
      }
    } catch (IOException | InterruptedException _) {
      // The client sees that its connection has ended.
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      in.transferTo(out);
      to.shutdownOutput();
    } catch (IOException _) {
      try {
        to.close();
      } catch (IOException _) {
        // It is closed.
      }
    }
  }

  @Override
  public void close() {
    try {
      listening.close();
    } catch (IOException _) {
      // It is closed.
    }
  }
}
