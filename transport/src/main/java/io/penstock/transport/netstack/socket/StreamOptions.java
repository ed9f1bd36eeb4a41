package io.penstock.transport.netstack.socket;

import static java.net.StandardSocketOptions.SO_KEEPALIVE;
import static java.net.StandardSocketOptions.SO_LINGER;
import static java.net.StandardSocketOptions.SO_RCVBUF;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.SO_SNDBUF;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static jdk.net.ExtendedSocketOptions.TCP_KEEPCOUNT;
import static jdk.net.ExtendedSocketOptions.TCP_KEEPIDLE;
import static jdk.net.ExtendedSocketOptions.TCP_KEEPINTERVAL;

import io.netty.channel.ChannelOption;
import io.penstock.transport.netstack.NetstackOption;
import java.net.SocketException;
import java.net.SocketOption;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// The options of a connection: those of its channel, of its bridge, and how it is closed.
///
/// `SO_REUSEADDR` is only kept: a port is never refused for connections that are over.
final class StreamOptions extends OptionStore {

  /// What `Socket.setSoLinger` allows.
  private static final int MAX_LINGER_SECONDS = 65_535;

  private static final Map<SocketOption<?>, ChannelOption<?>> OF_CHANNEL =
      Map.of(
          TCP_NODELAY, ChannelOption.TCP_NODELAY,
          SO_KEEPALIVE, ChannelOption.SO_KEEPALIVE,
          TCP_KEEPIDLE, NetstackOption.TCP_KEEPIDLE,
          TCP_KEEPINTERVAL, NetstackOption.TCP_KEEPINTERVAL,
          TCP_KEEPCOUNT, NetstackOption.TCP_KEEPCOUNT);

  private static final Set<SocketOption<?>> NAMES =
      Set.of(
          TCP_NODELAY,
          SO_KEEPALIVE,
          TCP_KEEPIDLE,
          TCP_KEEPINTERVAL,
          TCP_KEEPCOUNT,
          SO_LINGER,
          SO_RCVBUF,
          SO_SNDBUF,
          SO_REUSEADDR);

  private final StreamBridge bridge;
  private volatile int lingerSeconds = -1;
  private volatile boolean reuseAddress;

  StreamOptions(StreamBridge bridge) {
    super(bridge.channel());
    this.bridge = bridge;
  }

  /// Less than 0 not to linger, 0 to reset.
  int lingerSeconds() {
    return lingerSeconds;
  }

  @Override
  Set<SocketOption<?>> names() {
    return NAMES;
  }

  @Override
  Object value(SocketOption<?> option) {
    ChannelOption<?> ofChannel = OF_CHANNEL.get(option);
    if (ofChannel != null) {
      return Objects.requireNonNull(bridge.channel().config().getOption(ofChannel));
    } else if (SO_LINGER.equals(option)) {
      return lingerSeconds;
    } else if (SO_RCVBUF.equals(option)) {
      return bridge.received().mark();
    } else if (SO_SNDBUF.equals(option)) {
      return bridge.sendBufferBytes();
    }
    return reuseAddress;
  }

  @Override
  @SuppressWarnings("unchecked")
  void change(SocketOption<?> option, Object value) throws SocketException {
    ChannelOption<?> ofChannel = OF_CHANNEL.get(option);
    if (ofChannel != null) {
      if (!bridge.channel().config().setOption((ChannelOption<Object>) ofChannel, value)) {
        throw new SocketException("Invalid argument: " + option + " of " + value);
      }
    } else if (SO_LINGER.equals(option)) {
      lingerSeconds = Math.clamp((Integer) value, -1, MAX_LINGER_SECONDS);
    } else if (SO_RCVBUF.equals(option)) {
      bridge.received().setMark(SocketLimits.bufferBytes((Integer) value));
    } else if (SO_SNDBUF.equals(option)) {
      bridge.setSendBufferBytes(SocketLimits.bufferBytes((Integer) value));
    } else {
      reuseAddress = (Boolean) value;
    }
  }
}
