package io.penstock.protocol.kcp;

import io.penstock.protocol.CloseReason;

/// Why a KCP session ended.
///
/// KCP has no word for goodbye, so none of these is ever told to the peer.
public enum KcpCloseReason implements CloseReason {
  CLOSED("closed", "closed here, everything written was acknowledged"),
  LINGER_EXPIRED("linger_expired", "closed here, the last bytes were not acknowledged in time"),
  DEAD_LINK("dead_link", "a segment was sent too often without an acknowledgement"),
  PEER_SILENT("peer_silent", "the peer sent nothing while bytes waited for its acknowledgement"),
  REPLACED("replaced", "the peer's address opened another conversation"),
  UNPROVEN("unproven", "the peer did not prove itself in time"),
  EVICTED("evicted", "the peer had not proven itself and made room for others"),
  UNREACHABLE("unreachable", "nobody listens at the peer's address"),
  SOCKET_CLOSED("socket_closed", "the UDP socket was closed");

  private final String code;
  private final String text;

  KcpCloseReason(String code, String text) {
    this.code = code;
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
    return text;
  }
}
