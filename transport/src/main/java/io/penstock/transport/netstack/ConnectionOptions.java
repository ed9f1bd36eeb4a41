package io.penstock.transport.netstack;

import io.netty.channel.ChannelOption;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import java.util.Map;

/// The options of one TCP connection, which may be set before there is one, from any thread.
///
/// Sizes of buffers are missing on purpose: they follow the path by themselves, within the bounds
/// of [TcpConfig].
final class ConnectionOptions {

  /// RFC 9293 section 3.8.4: two hours, where the config of the stack says never.
  private static final long KEEP_ALIVE_IDLE_NANOS = 2L * 3600 * 1_000_000_000;

  /// SO_LINGER: closing goes on in the background.
  private static final int LINGER_OFF = -1;

  private final long keepAliveIdleNanos;
  private volatile boolean noDelay;
  private volatile boolean keepAlive;
  private volatile boolean abortOnClose;

  ConnectionOptions(TcpConfig config) {
    noDelay = config.noDelay();
    keepAlive = config.keepAliveIdleMillis() > 0;
    keepAliveIdleNanos =
        keepAlive ? config.keepAliveIdleMillis() * 1_000_000L : KEEP_ALIVE_IDLE_NANOS;
  }

  Map<ChannelOption<?>, Object> values() {
    return Map.of(
        ChannelOption.TCP_NODELAY,
        noDelay,
        ChannelOption.SO_KEEPALIVE,
        keepAlive,
        ChannelOption.SO_LINGER,
        abortOnClose ? 0 : LINGER_OFF);
  }

  /// False when there is no such option, or it cannot have this value.
  boolean set(ChannelOption<?> option, Object value) {
    if (ChannelOption.TCP_NODELAY.equals(option) && value instanceof Boolean on) {
      noDelay = on;
    } else if (ChannelOption.SO_KEEPALIVE.equals(option) && value instanceof Boolean on) {
      keepAlive = on;
    } else if (ChannelOption.SO_LINGER.equals(option) && value instanceof Integer seconds) {
      // To wait for the peer would block whoever closes.
      if (seconds > 0) {
        return false;
      }
      abortOnClose = seconds == 0;
    } else {
      return false;
    }
    return true;
  }

  void apply(TcpConnection connection) {
    if (connection.noDelay() != noDelay) {
      connection.setNoDelay(noDelay);
    }
    if (connection.keepAliveIdleNanos() > 0 != keepAlive) {
      connection.setKeepAliveIdleNanos(keepAlive ? keepAliveIdleNanos : 0);
    }
  }

  boolean abortOnClose() {
    return abortOnClose;
  }
}
