package io.penstock.transport.netstack.socket;

import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.transport.netstack.SocketAddresses;
import io.penstock.transport.netstack.Stacks;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/// Our sockets, over two stacks with a link in memory between them. When it closes, nothing may be
/// left in either.
final class StackWorld implements World {

  /// Of the network of both, and of neither.
  private static final InetAddress NOBODY = InetAddress.ofLiteral("10.0.0.9");

  /// So that the end of a test need not be waited for.
  private static final TcpConfig SHORT = TcpConfig.builder().timeWaitMillis(50).build();

  final Stacks stacks;
  final StackSockets client;
  final StackSockets server;

  StackWorld() throws Exception {
    stacks = new Stacks(LinkTraits.plain(1500), NetStackConfig.builder().tcp(SHORT).build());
    client = new StackSockets(stacks.client);
    server = new StackSockets(stacks.server);
  }

  @Override
  public Socket newSocket() throws IOException {
    return client.newSocket();
  }

  @Override
  public ServerSocket newServerSocket() throws IOException {
    return server.newServerSocket();
  }

  @Override
  public ServerSocket newServerSocketOfClient() throws IOException {
    return client.newServerSocket();
  }

  @Override
  public DatagramSocket newDatagramSocket() throws IOException {
    return client.newDatagramSocket(new InetSocketAddress(0));
  }

  @Override
  public DatagramSocket newUnboundDatagramSocket() throws IOException {
    return client.newDatagramSocket();
  }

  @Override
  public DatagramSocket newDatagramSocketOfServer() throws IOException {
    return server.newDatagramSocket(new InetSocketAddress(0));
  }

  @Override
  public SocketFactory socketFactory() {
    return client.socketFactory();
  }

  @Override
  public ServerSocketFactory serverSocketFactory() {
    return server.serverSocketFactory();
  }

  @Override
  public InetAddress clientAddress() {
    return SocketAddresses.of(Stacks.CLIENT_4).getAddress();
  }

  @Override
  public InetAddress serverAddress() {
    return SocketAddresses.of(Stacks.SERVER_4).getAddress();
  }

  @Override
  public InetAddress foreignAddress() {
    return NOBODY;
  }

  @Override
  public InetSocketAddress silentPlace() {
    return new InetSocketAddress(NOBODY, 80);
  }

  @Override
  public InetSocketAddress emptyPlace() {
    return new InetSocketAddress(serverAddress(), 9);
  }

  @Override
  public void close() {
    try {
      stacks.awaitNothingLeft();
    } finally {
      stacks.close();
    }
  }
}
