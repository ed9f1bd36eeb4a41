package io.penstock.transport.netstack;

import io.netty.channel.ChannelOption;
import io.penstock.protocol.netstack.tcp.TcpConfig;

/// Options of the stack's channels that Netty has no name for.
public final class NetstackOption {

  /// How many seconds a peer may be silent before it is asked whether it lives, when `SO_KEEPALIVE`
  /// is on; 1 to [#MAX_KEEP_ALIVE_SECONDS]. Of a [NetstackChannel].
  public static final ChannelOption<Integer> TCP_KEEPIDLE = option("TCP_KEEPIDLE");

  /// How many seconds each of those questions may go unanswered; 1 to [#MAX_KEEP_ALIVE_SECONDS].
  public static final ChannelOption<Integer> TCP_KEEPINTERVAL = option("TCP_KEEPINTERVAL");

  /// How many of them may; 1 to [#MAX_KEEP_ALIVE_PROBES].
  public static final ChannelOption<Integer> TCP_KEEPCOUNT = option("TCP_KEEPCOUNT");

  /// How many milliseconds data may stay unacknowledged, or probes of a closed window unanswered,
  /// before the connection is given up and the peer told (RFC 5482); [#MIN_USER_TIMEOUT_MILLIS] to
  /// [#MAX_USER_TIMEOUT_MILLIS].
  public static final ChannelOption<Integer> TCP_USER_TIMEOUT = option("TCP_USER_TIMEOUT");

  /// What the owner of a port is called in the message to whoever wants the same port. Of a
  /// [NetstackServerChannel], a [NetstackDatagramChannel], and a [NetstackChannel] that is bound.
  public static final ChannelOption<String> OWNER = option("OWNER");

  /// Whether nobody else may listen on the port, at any address that this one has too; without it
  /// an exact address and all addresses may have different owners. Of a [NetstackServerChannel].
  public static final ChannelOption<Boolean> EXCLUSIVE = option("EXCLUSIVE");

  /// What Linux allows.
  public static final int MAX_KEEP_ALIVE_SECONDS = 32_767;

  /// What Linux allows.
  public static final int MAX_KEEP_ALIVE_PROBES = 127;

  public static final int MIN_USER_TIMEOUT_MILLIS = TcpConfig.MIN_USER_TIMEOUT_MILLIS;

  public static final int MAX_USER_TIMEOUT_MILLIS = TcpConfig.MAX_USER_TIMEOUT_MILLIS;

  private NetstackOption() {}

  private static <T> ChannelOption<T> option(String name) {
    return ChannelOption.valueOf(NetstackOption.class, name);
  }
}
