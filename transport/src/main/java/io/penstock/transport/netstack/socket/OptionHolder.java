package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketOption;
import java.util.Set;

/// A socket with options; [Options] brings both kinds of names for them here.
interface OptionHolder {

  /// The options that it has.
  Set<SocketOption<?>> supportedNames();

  /// The value of one of them.
  Object value(SocketOption<?> option) throws IOException;

  /// Changes one of them to a value of its type.
  void change(SocketOption<?> option, Object value) throws IOException;

  /// The local address; the unspecified one when it is bound to all or not at all.
  InetAddress localAddress();

  /// How long a call may block, 0 for ever.
  int timeoutMillis();

  void setTimeoutMillis(int millis);
}
