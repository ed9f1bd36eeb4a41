package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;

/// The JDK's server socket in front of a [ListenerCore].
final class StackServerSocket extends ServerSocket {

  private final StackSockets sockets;

  StackServerSocket(StackSockets sockets) {
    super(new ListenerCore(sockets));
    this.sockets = sockets;
  }

  /// The JDK's own would make sockets of the host.
  @Override
  public Socket accept() throws IOException {
    if (isClosed()) {
      throw new SocketException("Socket is closed");
    }
    if (!isBound()) {
      throw new SocketException("Socket is not bound yet");
    }
    Socket accepted = new StackSocket(new ConnectionCore(sockets));
    implAccept(accepted);
    return accepted;
  }
}
