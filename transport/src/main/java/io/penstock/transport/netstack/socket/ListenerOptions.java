package io.penstock.transport.netstack.socket;

import static java.net.StandardSocketOptions.SO_RCVBUF;
import static java.net.StandardSocketOptions.SO_REUSEADDR;

import io.penstock.transport.netstack.NetstackServerChannel;
import java.net.SocketOption;
import java.util.Set;

/// The options of a server socket: how much is read ahead on the connections that it accepts.
///
/// `SO_REUSEADDR` is only kept: a port is free once its owner has closed it.
final class ListenerOptions extends OptionStore {

  private static final Set<SocketOption<?>> NAMES = Set.of(SO_RCVBUF, SO_REUSEADDR);

  private volatile int receiveBufferBytes;
  private volatile boolean reuseAddress = true;

  ListenerOptions(NetstackServerChannel channel, int receiveBufferBytes) {
    super(channel);
    this.receiveBufferBytes = receiveBufferBytes;
  }

  int receiveBufferBytes() {
    return receiveBufferBytes;
  }

  @Override
  Set<SocketOption<?>> names() {
    return NAMES;
  }

  @Override
  Object value(SocketOption<?> option) {
    return SO_RCVBUF.equals(option) ? receiveBufferBytes : reuseAddress;
  }

  @Override
  void change(SocketOption<?> option, Object value) {
    if (SO_RCVBUF.equals(option)) {
      receiveBufferBytes = SocketLimits.bufferBytes((Integer) value);
    } else {
      reuseAddress = (Boolean) value;
    }
  }
}
