package io.penstock.protocol.netstack.icmp;

import java.util.Locale;

/// What has come of an ICMP message.
public enum IcmpReceive {
  /// It was an echo request, and the reply waits to go out.
  ANSWERED,
  /// It was an echo request, and there was no room for the reply.
  REPLY_DROPPED,
  /// It is an echo reply, to whoever asked.
  ECHO_REPLY,
  /// It is an error about a packet that we may have sent; [IcmpInput#report] says which.
  ERROR,
  /// It is an error that quotes no packet of ours, or says nothing that can be true.
  BAD_QUOTE,
  /// Its checksum is wrong.
  BAD_CHECKSUM,
  /// It is for an address that is not ours alone.
  NOT_OURS,
  /// It is of a kind that concerns routers, or that nobody should send any more.
  IGNORED;

  private final String code = name().toLowerCase(Locale.ROOT);

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }
}
