package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.CloseReason;
import java.util.Locale;

/// Why a connection is over.
public enum TcpCloseReason implements CloseReason {
  /// Both sides ended their streams and everything was acknowledged.
  FINISHED("both sides ended their streams"),
  /// We sent a reset: the owner aborted, or closed with data unread.
  ABORTED("reset by ourselves"),
  /// The peer sent a reset.
  RESET("reset by the peer"),
  /// The peer answered the SYN with a reset.
  REFUSED("the peer refused the connection"),
  /// ICMP said that the destination cannot be reached, before there was a connection.
  UNREACHABLE("the destination cannot be reached"),
  /// No answer to the SYN within the connect timeout.
  CONNECT_TIMEOUT("no answer to the SYN"),
  /// Data or a probe stayed unacknowledged for the user timeout.
  USER_TIMEOUT("the peer acknowledged nothing for too long"),
  /// The keep-alive probes were not answered.
  KEEP_ALIVE_TIMEOUT("the peer answered no keep-alive probe"),
  /// Our address is gone.
  ADDRESS_CHANGED("the local address is gone"),
  /// The stack was closed.
  STACK_CLOSED("the stack was closed");

  private final String code = name().toLowerCase(Locale.ROOT);
  private final String text;

  TcpCloseReason(String text) {
    this.text = text;
  }

  @Override
  public String code() {
    return code;
  }

  @Override
  public String logText() {
    return text;
  }

  @Override
  public String peerText() {
    return "";
  }
}
