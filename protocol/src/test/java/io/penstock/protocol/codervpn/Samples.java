package io.penstock.protocol.codervpn;

import com.google.protobuf.ByteString;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.GetPeerUpdate;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.RPC;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopRequest;
import io.penstock.protocol.codervpn.message.StopResponse;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import io.penstock.protocol.codervpn.message.WakeRequest;
import io.penstock.protocol.codervpn.message.Workspace;
import java.util.Arrays;

/// Messages for tests, without and with ids.
final class Samples {

  static final ManagerMessage START =
      ManagerMessage.newBuilder()
          .setStart(StartRequest.newBuilder().setCoderUrl("https://coder.example.com"))
          .build();
  static final ManagerMessage STOP =
      ManagerMessage.newBuilder().setStop(StopRequest.getDefaultInstance()).build();
  static final ManagerMessage GET_PEER_UPDATE =
      ManagerMessage.newBuilder().setGetPeerUpdate(GetPeerUpdate.getDefaultInstance()).build();
  static final ManagerMessage WAKE =
      ManagerMessage.newBuilder().setWake(WakeRequest.getDefaultInstance()).build();

  static final TunnelMessage STARTED =
      TunnelMessage.newBuilder().setStart(StartResponse.newBuilder().setSuccess(true)).build();
  static final TunnelMessage STOPPED =
      TunnelMessage.newBuilder().setStop(StopResponse.newBuilder().setSuccess(true)).build();
  static final TunnelMessage NO_PEERS =
      TunnelMessage.newBuilder().setPeerUpdate(PeerUpdate.getDefaultInstance()).build();
  static final TunnelMessage SETTINGS =
      TunnelMessage.newBuilder()
          .setNetworkSettings(NetworkSettingsRequest.newBuilder().setMtu(1200))
          .build();

  private Samples() {}

  static TunnelMessage log(String message) {
    return TunnelMessage.newBuilder().setLog(Log.newBuilder().setMessage(message)).build();
  }

  static ManagerMessage asked(ManagerMessage message, long id) {
    return message.toBuilder().setRpc(RPC.newBuilder().setMsgId(id)).build();
  }

  static TunnelMessage asked(TunnelMessage message, long id) {
    return message.toBuilder().setRpc(RPC.newBuilder().setMsgId(id)).build();
  }

  static ManagerMessage replied(ManagerMessage message, long id) {
    return message.toBuilder().setRpc(RPC.newBuilder().setResponseTo(id)).build();
  }

  static TunnelMessage replied(TunnelMessage message, long id) {
    return message.toBuilder().setRpc(RPC.newBuilder().setResponseTo(id)).build();
  }

  static ByteString id(int number) {
    byte[] id = new byte[16];
    Arrays.fill(id, (byte) number);
    return ByteString.copyFrom(id);
  }

  static Workspace workspace(int id) {
    return Workspace.newBuilder()
        .setId(id(id))
        .setName("ws" + id)
        .setStatus(Workspace.Status.RUNNING)
        .build();
  }

  static Agent agent(int id, int workspace) {
    return Agent.newBuilder()
        .setId(id(id))
        .setName("agent" + id)
        .setWorkspaceId(id(workspace))
        .addFqdn("agent" + id + ".coder.")
        .addIpAddrs("fd60::" + id)
        .build();
  }
}
