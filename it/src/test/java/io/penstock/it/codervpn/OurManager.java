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
import io.penstock.transport.codervpn.ManagerConnection;
import io.penstock.transport.codervpn.ManagerHandler;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A manager of ours that awaits a tunnel of the original, writes down what it is told, and agrees.
class OurManager implements ManagerHandler, AutoCloseable {

  final BlockingQueue<NetworkSettingsRequest> settings = new LinkedBlockingQueue<>();
  final BlockingQueue<PeerUpdate> updates = new LinkedBlockingQueue<>();
  final BlockingQueue<Log> logs = new LinkedBlockingQueue<>();
  final ManagerConnection connection;
  private final UnixListener listener;

  OurManager(HeaderChoice header) throws Exception {
    connection = new ManagerConnection(SpeakerConfig.manager().header(header).build(), this);
    listener = new UnixListener(connection.handler());
  }

  /// Starts a tunnel.
  ///
  /// @param version `original` or `current`
  /// @param arguments its flags, then its steps
  PeerProgram tunnel(String version, String... arguments) throws IOException {
    return listener.start("codervpn-tunnel-" + version, arguments);
  }

  ProtocolVersion opened() throws Exception {
    return Outcomes.get(connection.opened());
  }

  SpeakerEnd closed() throws Exception {
    return Outcomes.get(connection.closed());
  }

  static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T next = queue.poll(Outcomes.LIMIT.toSeconds(), TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing came");
    }
    return next;
  }

  @Override
  public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
    settings.add(request);
    return NetworkSettingsResponse.newBuilder().setSuccess(true).build();
  }

  @Override
  public void peersChanged(PeerUpdate update) {
    updates.add(update);
  }

  @Override
  public void log(Log log) {
    logs.add(log);
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
