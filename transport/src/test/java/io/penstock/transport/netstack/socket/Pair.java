package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/// Both ends of a connection.
record Pair(Socket client, Socket server) implements AutoCloseable {

  static Pair open(World world) throws IOException {
    return open(world, world.newSocket());
  }

  /// Connects a socket that has its options already.
  static Pair open(World world, Socket client) throws IOException {
    try (ServerSocket listening = world.newServerSocket()) {
      listening.bind(new InetSocketAddress(0));
      client.connect(world.at(listening));
      return new Pair(client, listening.accept());
    }
  }

  InputStream fromServer() throws IOException {
    return client.getInputStream();
  }

  OutputStream toServer() throws IOException {
    return client.getOutputStream();
  }

  InputStream fromClient() throws IOException {
    return server.getInputStream();
  }

  OutputStream toClient() throws IOException {
    return server.getOutputStream();
  }

  @Override
  public void close() throws IOException {
    try (client) {
      server.close();
    }
  }
}
