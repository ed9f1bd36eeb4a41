package io.penstock.protocol.codervpn;

import com.google.protobuf.Parser;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.RPC;

/// What a manager sends.
enum ManagerDialect implements Dialect<ManagerMessage> {
  INSTANCE;

  @Override
  public Parser<ManagerMessage> parser() {
    return ManagerMessage.parser();
  }

  @Override
  public RPC rpc(ManagerMessage message) {
    return message.getRpc();
  }

  @Override
  public ManagerMessage withRpc(ManagerMessage message, RPC rpc) {
    return message.toBuilder().setRpc(rpc).build();
  }

  @Override
  public ManagerMessage empty() {
    return ManagerMessage.getDefaultInstance();
  }

  @Override
  public Use use(ManagerMessage message) {
    return switch (message.getMsgCase()) {
      case GET_PEER_UPDATE, START, STOP, WAKE -> Use.REQUEST;
      case NETWORK_SETTINGS, MSG_NOT_SET -> Use.UNKNOWN;
    };
  }

  @Override
  public boolean isStart(ManagerMessage message) {
    return message.hasStart();
  }

  @Override
  public boolean isStop(ManagerMessage message) {
    return message.hasStop();
  }

  @Override
  public ProtocolVersion since(ManagerMessage message) {
    return message.hasWake() ? ProtocolVersion.V1_3 : ProtocolVersion.V1_0;
  }

  @Override
  public ManagerMessage fitted(ManagerMessage message, ProtocolVersion agreed) {
    if (!message.hasStart() || agreed.includes(ProtocolVersion.V1_1)) {
      return message;
    }
    var fitted = message.toBuilder();
    fitted.getStartBuilder().clearDeviceId().clearDeviceOs().clearCoderDesktopVersion();
    return fitted.build();
  }
}
