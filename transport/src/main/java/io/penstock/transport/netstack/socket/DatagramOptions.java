package io.penstock.transport.netstack.socket;

import static java.net.StandardSocketOptions.SO_RCVBUF;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.SO_SNDBUF;

import io.netty.channel.ChannelOption;
import io.penstock.transport.netstack.NetstackDatagramChannel;
import java.net.SocketException;
import java.net.SocketOption;
import java.util.Objects;
import java.util.Set;

/// The options of a UDP socket: what its channel holds for it, and how much it sends at once.
final class DatagramOptions extends OptionStore {

  /// The longest that IP carries.
  private static final int MAX_DATAGRAM_BYTES = 65_535;

  private static final Set<SocketOption<?>> NAMES = Set.of(SO_RCVBUF, SO_SNDBUF, SO_REUSEADDR);

  private final NetstackDatagramChannel channel;
  private volatile int sendBufferBytes = MAX_DATAGRAM_BYTES;

  DatagramOptions(NetstackDatagramChannel channel) {
    super(channel);
    this.channel = channel;
  }

  /// The largest datagram that is sent.
  int sendBufferBytes() {
    return sendBufferBytes;
  }

  @Override
  Set<SocketOption<?>> names() {
    return NAMES;
  }

  @Override
  Object value(SocketOption<?> option) {
    if (SO_RCVBUF.equals(option)) {
      return Objects.requireNonNull(channel.config().getOption(ChannelOption.SO_RCVBUF));
    }
    return SO_SNDBUF.equals(option) ? (Object) sendBufferBytes : false;
  }

  @Override
  void change(SocketOption<?> option, Object value) throws SocketException {
    if (SO_RCVBUF.equals(option)) {
      int bytes = SocketLimits.bufferBytes((Integer) value);
      channel.config().setOption(ChannelOption.SO_RCVBUF, bytes);
    } else if (SO_SNDBUF.equals(option)) {
      sendBufferBytes = Math.min((Integer) value, MAX_DATAGRAM_BYTES);
    } else if (value.equals(true)) {
      throw new SocketException("'SO_REUSEADDR' cannot be on: a port of the stack has one owner");
    }
  }
}
