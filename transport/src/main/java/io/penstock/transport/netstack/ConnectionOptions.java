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
  private static final int KEEP_ALIVE_IDLE_SECONDS = 2 * 3600;

  /// SO_LINGER: closing goes on in the background.
  private static final int LINGER_OFF = -1;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long NANOS_PER_MILLI = 1_000_000L;
  private static final int MILLIS_PER_SECOND = 1_000;

  private volatile boolean noDelay;
  private volatile boolean keepAlive;
  private volatile int keepIdleSeconds;
  private volatile int keepIntervalSeconds;
  private volatile int keepCount;
  private volatile int userTimeoutMillis;
  private volatile boolean abortOnClose;
  private volatile String owner = "a bound socket";

  ConnectionOptions(TcpConfig config) {
    noDelay = config.noDelay();
    keepAlive = config.keepAliveIdleMillis() > 0;
    keepIdleSeconds = keepAlive ? seconds(config.keepAliveIdleMillis()) : KEEP_ALIVE_IDLE_SECONDS;
    keepIntervalSeconds = seconds(config.keepAliveIntervalMillis());
    keepCount = config.keepAliveProbes();
    userTimeoutMillis = config.userTimeoutMillis();
  }

  private static int seconds(int millis) {
    return Math.ceilDiv(millis, MILLIS_PER_SECOND);
  }

  Map<ChannelOption<?>, Object> values() {
    return Map.of(
        ChannelOption.TCP_NODELAY,
        noDelay,
        ChannelOption.SO_KEEPALIVE,
        keepAlive,
        NetstackOption.TCP_KEEPIDLE,
        keepIdleSeconds,
        NetstackOption.TCP_KEEPINTERVAL,
        keepIntervalSeconds,
        NetstackOption.TCP_KEEPCOUNT,
        keepCount,
        NetstackOption.TCP_USER_TIMEOUT,
        userTimeoutMillis,
        ChannelOption.SO_LINGER,
        abortOnClose ? 0 : LINGER_OFF,
        NetstackOption.OWNER,
        owner);
  }

  /// False when there is no such option, or it cannot have this value.
  boolean set(ChannelOption<?> option, Object value) {
    return switch (value) {
      case Boolean on -> setFlag(option, on);
      case Integer number -> setNumber(option, number);
      case String text when NetstackOption.OWNER.equals(option) -> {
        owner = text;
        yield true;
      }
      default -> false;
    };
  }

  private boolean setFlag(ChannelOption<?> option, boolean on) {
    if (ChannelOption.TCP_NODELAY.equals(option)) {
      noDelay = on;
    } else if (ChannelOption.SO_KEEPALIVE.equals(option)) {
      keepAlive = on;
    } else {
      return false;
    }
    return true;
  }

  private boolean setNumber(ChannelOption<?> option, int number) {
    if (ChannelOption.SO_LINGER.equals(option)) {
      // To wait for the peer would block whoever closes.
      if (number > 0) {
        return false;
      }
      abortOnClose = number == 0;
      return true;
    }
    if (NetstackOption.TCP_USER_TIMEOUT.equals(option)) {
      if (number < NetstackOption.MIN_USER_TIMEOUT_MILLIS
          || number > NetstackOption.MAX_USER_TIMEOUT_MILLIS) {
        return false;
      }
      userTimeoutMillis = number;
      return true;
    }
    if (number < 1 || number > NetstackOption.MAX_KEEP_ALIVE_SECONDS) {
      return false;
    }
    if (NetstackOption.TCP_KEEPIDLE.equals(option)) {
      keepIdleSeconds = number;
    } else if (NetstackOption.TCP_KEEPINTERVAL.equals(option)) {
      keepIntervalSeconds = number;
    } else if (NetstackOption.TCP_KEEPCOUNT.equals(option)
        && number <= NetstackOption.MAX_KEEP_ALIVE_PROBES) {
      keepCount = number;
    } else {
      return false;
    }
    return true;
  }

  void apply(TcpConnection connection) {
    if (connection.noDelay() != noDelay) {
      connection.setNoDelay(noDelay);
    }
    long idleNanos = keepAlive ? keepIdleSeconds * NANOS_PER_SECOND : 0;
    if (connection.keepAliveIdleNanos() != idleNanos) {
      connection.setKeepAliveIdleNanos(idleNanos);
    }
    connection.setUserTimeoutNanos(userTimeoutMillis * NANOS_PER_MILLI);
    connection.setKeepAliveProbes(keepIntervalSeconds * NANOS_PER_SECOND, keepCount);
  }

  boolean abortOnClose() {
    return abortOnClose;
  }
}
