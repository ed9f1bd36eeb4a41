package io.penstock.transport.netstack.socket;

import io.penstock.transport.netstack.NetstackChannel;
import java.net.Socket;
import java.net.SocketException;
import java.util.Optional;

/// The JDK's socket in front of a [ConnectionCore].
final class StackSocket extends Socket {

  private final ConnectionCore core;

  StackSocket(ConnectionCore core) throws SocketException {
    super(core);
    this.core = core;
  }

  /// Its connection, also after it was closed; empty before there is one.
  Optional<NetstackChannel> connection() {
    return core.connection();
  }
}
