package io.penstock.transport.codervpn;

import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// What a manager of a test does: it writes down what it was told, and agrees.
class TestManager implements ManagerHandler {

  final BlockingQueue<String> told = new LinkedBlockingQueue<>();

  @Override
  public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
    told.add("settings " + request.getMtu());
    return NetworkSettingsResponse.newBuilder().setSuccess(true).build();
  }

  @Override
  public void peersChanged(PeerUpdate update) {
    told.add("peers " + update.getUpsertedWorkspacesCount());
  }

  @Override
  public void log(Log log) {
    told.add("log " + log.getMessage());
  }
}
