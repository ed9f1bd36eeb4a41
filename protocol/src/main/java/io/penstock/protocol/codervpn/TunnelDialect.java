package io.penstock.protocol.codervpn;

import com.google.protobuf.Parser;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.RPC;
import io.penstock.protocol.codervpn.message.TunnelMessage;

/// What a tunnel sends.
enum TunnelDialect implements Dialect<TunnelMessage> {
  INSTANCE;

  @Override
  public Parser<TunnelMessage> parser() {
    return TunnelMessage.parser();
  }

  @Override
  public RPC rpc(TunnelMessage message) {
    return message.getRpc();
  }

  @Override
  public TunnelMessage withRpc(TunnelMessage message, RPC rpc) {
    return message.toBuilder().setRpc(rpc).build();
  }

  @Override
  public TunnelMessage empty() {
    return TunnelMessage.getDefaultInstance();
  }

  @Override
  public Use use(TunnelMessage message) {
    return switch (message.getMsgCase()) {
      case NETWORK_SETTINGS -> Use.REQUEST;
      case LOG, PEER_UPDATE -> Use.NOTICE;
      case START, STOP, WAKE, MSG_NOT_SET -> Use.UNKNOWN;
    };
  }

  @Override
  public boolean isStart(TunnelMessage message) {
    return message.hasStart();
  }

  @Override
  public boolean isStop(TunnelMessage message) {
    return message.hasStop();
  }

  /// A tunnel sends what is newer only as a response to what is newer.
  @Override
  public ProtocolVersion since(TunnelMessage message) {
    return ProtocolVersion.V1_0;
  }

  @Override
  public TunnelMessage fitted(TunnelMessage message, ProtocolVersion agreed) {
    if (!message.hasPeerUpdate() || agreed.includes(ProtocolVersion.V1_2)) {
      return message;
    }
    var fitted = message.toBuilder();
    fitted
        .getPeerUpdateBuilder()
        .getUpsertedAgentsBuilderList()
        .forEach(Agent.Builder::clearLastPing);
    return fitted.build();
  }
}
