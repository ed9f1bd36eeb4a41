package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.Optional;
import javax.net.SocketFactory;

/// Connects sockets of [StackSockets], for libraries that take a factory.
final class StackSocketFactory extends SocketFactory {

  private final StackSockets sockets;

  StackSocketFactory(StackSockets sockets) {
    this.sockets = sockets;
  }

  @Override
  public Socket createSocket() throws IOException {
    return sockets.newSocket();
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return connected(InetSocketAddress.createUnresolved(host, port), Optional.empty());
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort)
      throws IOException {
    return connected(
        InetSocketAddress.createUnresolved(host, port),
        Optional.of(new InetSocketAddress(local, localPort)));
  }

  @Override
  public Socket createSocket(InetAddress address, int port) throws IOException {
    return connected(new InetSocketAddress(address, port), Optional.empty());
  }

  @Override
  public Socket createSocket(InetAddress address, int port, InetAddress local, int localPort)
      throws IOException {
    return connected(
        new InetSocketAddress(address, port), Optional.of(new InetSocketAddress(local, localPort)));
  }

  private Socket connected(SocketAddress remote, Optional<SocketAddress> local) throws IOException {
    Socket socket = createSocket();
    try {
      if (local.isPresent()) {
        socket.bind(local.get());
      }
      socket.connect(remote);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
    return socket;
  }
}
