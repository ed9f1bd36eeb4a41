package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/// Listens with sockets of [StackSockets], for libraries that take a factory.
final class StackServerSocketFactory extends ServerSocketFactory {

  /// What the JDK asks for.
  private static final int DEFAULT_BACKLOG = 50;

  private final StackSockets sockets;

  StackServerSocketFactory(StackSockets sockets) {
    this.sockets = sockets;
  }

  @Override
  public ServerSocket createServerSocket() throws IOException {
    return sockets.newServerSocket();
  }

  @Override
  public ServerSocket createServerSocket(int port) throws IOException {
    return createServerSocket(port, DEFAULT_BACKLOG);
  }

  @Override
  public ServerSocket createServerSocket(int port, int backlog) throws IOException {
    return createServerSocket(port, backlog, null);
  }

  /// @param at null for all addresses, as the JDK has it
  @Override
  public ServerSocket createServerSocket(int port, int backlog, @Nullable InetAddress at)
      throws IOException {
    ServerSocket socket = createServerSocket();
    try {
      socket.bind(
          at == null ? new InetSocketAddress(port) : new InetSocketAddress(at, port), backlog);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
    return socket;
  }
}
