package io.penstock.transport.codervpn;

import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopResponse;
import io.penstock.protocol.codervpn.message.Workspace;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// What a tunnel of a test does: it writes down what it was asked, and agrees.
public class TestTunnel implements TunnelHandler {

  static final PeerUpdate PEERS =
      PeerUpdate.newBuilder().addUpsertedWorkspaces(Workspace.newBuilder().setName("w")).build();

  public final BlockingQueue<String> asked = new LinkedBlockingQueue<>();

  public TestTunnel() {}

  @Override
  public StartResponse start(StartRequest request) throws InterruptedException {
    asked.add("start " + request.getCoderUrl());
    return StartResponse.newBuilder().setSuccess(true).build();
  }

  @Override
  public StopResponse stop() {
    asked.add("stop");
    return StopResponse.newBuilder().setSuccess(true).build();
  }

  @Override
  public PeerUpdate peers() {
    asked.add("peers");
    return PEERS;
  }

  @Override
  public void wake() {
    asked.add("wake");
  }
}
