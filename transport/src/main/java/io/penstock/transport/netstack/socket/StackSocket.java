package io.penstock.transport.netstack.socket;

import java.net.Socket;
import java.net.SocketException;

/// The JDK's socket in front of a [ConnectionCore].
final class StackSocket extends Socket {

  StackSocket(ConnectionCore core) throws SocketException {
    super(core);
  }
}
