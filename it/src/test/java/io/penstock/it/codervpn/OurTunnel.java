package io.penstock.it.codervpn;

import io.penstock.it.PeerProgram;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.ProtocolVersion;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.transport.codervpn.TestTunnel;
import io.penstock.transport.codervpn.TunnelConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/// A tunnel of ours that awaits a manager of the original.
class OurTunnel extends TestTunnel implements AutoCloseable {

  final TunnelConnection connection;
  private final PeerUpdate peers;
  private final UnixListener listener;

  /// @param peers all that it knows of
  OurTunnel(HeaderChoice header, PeerUpdate peers) throws Exception {
    this.peers = peers;
    connection = new TunnelConnection(SpeakerConfig.tunnel().header(header).build(), this);
    listener = new UnixListener(connection.handler());
  }

  OurTunnel() throws Exception {
    this(HeaderChoice.ANSWER, PeerUpdate.getDefaultInstance());
  }

  /// Starts a manager.
  ///
  /// @param version `original` or `current`
  /// @param arguments its flags, then its steps
  PeerProgram manager(String version, String... arguments) throws IOException {
    return listener.start("codervpn-manager-" + version, arguments);
  }

  ProtocolVersion opened() throws Exception {
    return Outcomes.get(connection.opened());
  }

  SpeakerEnd closed() throws Exception {
    return Outcomes.get(connection.closed());
  }

  CompletableFuture<Void> log(String text) {
    return connection.log(Log.newBuilder().setMessage(text).build());
  }

  CompletableFuture<NetworkSettingsResponse> ask(int mtu, Duration limit) {
    return connection.networkSettings(
        NetworkSettingsRequest.newBuilder().setMtu(mtu).build(), limit);
  }

  @Override
  public StartResponse start(StartRequest request) throws InterruptedException {
    asked.add(
        "start %s %s %d"
            .formatted(
                request.getCoderUrl(), request.getApiToken(), request.getTunnelFileDescriptor()));
    return StartResponse.newBuilder().setSuccess(true).build();
  }

  @Override
  public PeerUpdate peers() {
    asked.add("peers");
    return peers;
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
