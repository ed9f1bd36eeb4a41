package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/// Where the sockets of a contract live: in the host's kernel, which says what is right, or in a
/// stack of ours.
interface World extends AutoCloseable {

  enum Kind {
    /// The JDK's own sockets over loopback.
    HOST,
    /// Ours, over two stacks with a link in memory between them.
    STACK;

    World open() throws Exception {
      return this == HOST ? new HostWorld() : new StackWorld();
    }
  }

  /// Makes a socket of the client.
  Socket newSocket() throws IOException;

  /// Makes a server socket of the server.
  ServerSocket newServerSocket() throws IOException;

  /// Makes a server socket of the client, where ports may clash with its sockets.
  ServerSocket newServerSocketOfClient() throws IOException;

  /// Makes a UDP socket of the client, bound to a free port of all addresses.
  DatagramSocket newDatagramSocket() throws IOException;

  /// Makes a UDP socket of the client that is not bound.
  DatagramSocket newUnboundDatagramSocket() throws IOException;

  /// Makes a UDP socket of the server.
  DatagramSocket newDatagramSocketOfServer() throws IOException;

  /// Makes sockets of the client.
  SocketFactory socketFactory();

  /// Makes server sockets of the server.
  ServerSocketFactory serverSocketFactory();

  InetAddress clientAddress();

  InetAddress serverAddress();

  /// An address that no socket here may have.
  InetAddress foreignAddress();

  /// A place of the server where nobody answers at all.
  InetSocketAddress silentPlace() throws IOException;

  /// A port of the server on which nobody is, neither with TCP nor with UDP.
  InetSocketAddress emptyPlace() throws IOException;

  default InetSocketAddress at(ServerSocket listening) {
    return new InetSocketAddress(serverAddress(), listening.getLocalPort());
  }

  default InetSocketAddress at(DatagramSocket bound) {
    return new InetSocketAddress(serverAddress(), bound.getLocalPort());
  }

  @Override
  void close() throws IOException;
}
