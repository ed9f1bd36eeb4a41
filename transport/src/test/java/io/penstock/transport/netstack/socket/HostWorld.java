package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/// The JDK's own sockets over loopback.
final class HostWorld implements World {

  private final List<Socket> filling = new ArrayList<>();
  private final List<ServerSocket> silent = new ArrayList<>();

  @Override
  public Socket newSocket() {
    return new Socket();
  }

  @Override
  public ServerSocket newServerSocket() throws IOException {
    return new ServerSocket();
  }

  @Override
  public ServerSocket newServerSocketOfClient() throws IOException {
    return new ServerSocket();
  }

  @Override
  public DatagramSocket newDatagramSocket() throws IOException {
    return new DatagramSocket();
  }

  @Override
  public DatagramSocket newUnboundDatagramSocket() throws IOException {
    return new DatagramSocket(null);
  }

  @Override
  public DatagramSocket newDatagramSocketOfServer() throws IOException {
    return new DatagramSocket();
  }

  @Override
  public SocketFactory socketFactory() {
    return SocketFactory.getDefault();
  }

  @Override
  public ServerSocketFactory serverSocketFactory() {
    return ServerSocketFactory.getDefault();
  }

  @Override
  public InetAddress clientAddress() {
    return InetAddress.ofLiteral("127.0.0.1");
  }

  @Override
  public InetAddress serverAddress() {
    return InetAddress.ofLiteral("127.0.0.1");
  }

  /// RFC 5737: for documentation.
  @Override
  public InetAddress foreignAddress() {
    return InetAddress.ofLiteral("192.0.2.1");
  }

  /// A listener that accepts nothing and whose queue is full.
  @Override
  public InetSocketAddress silentPlace() throws IOException {
    ServerSocket listening = new ServerSocket(0, 1, serverAddress());
    silent.add(listening);
    while (true) {
      Socket socket = new Socket();
      filling.add(socket);
      try {
        socket.connect(listening.getLocalSocketAddress(), 300);
      } catch (SocketTimeoutException _) {
        return at(listening);
      }
    }
  }

  @Override
  public InetSocketAddress emptyPlace() throws IOException {
    try (ServerSocket gone = new ServerSocket(0)) {
      return at(gone);
    }
  }

  @Override
  public void close() throws IOException {
    for (Socket socket : filling) {
      socket.close();
    }
    for (ServerSocket socket : silent) {
      socket.close();
    }
  }
}
