package io.penstock.it.vpn;

import io.netty.channel.EventLoopGroup;
import io.penstock.node.vpn.VpnTunnel;
import io.penstock.node.vpn.VpnTunnelConfig;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.codervpn.ManagerConnection;
import io.penstock.transport.codervpn.ManagerHandler;
import io.penstock.transport.codervpn.PipeChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A tunnel of ours and its manager at the two ends of a pair of pipes. The manager writes down
/// what it is told and agrees to everything, unless it is told to refuse.
class PipedManager implements ManagerHandler, AutoCloseable {

  /// Far above what anything here takes.
  static final Duration LIMIT = Duration.ofSeconds(60);

  final List<NetworkSettingsRequest> settings = new CopyOnWriteArrayList<>();
  final List<PeerUpdate> updates = new CopyOnWriteArrayList<>();
  final List<Log> logs = new CopyOnWriteArrayList<>();
  final VpnTunnel tunnel;
  final ManagerConnection manager;

  /// With which words network settings are refused; empty when they are agreed to.
  volatile String refusal = "";

  private final EventLoopGroup loops = NativeSupport.newEventLoops(2, "vpn-test");

  PipedManager(VpnTunnelConfig config) throws Exception {
    tunnel = new VpnTunnel(config);
    manager =
        new ManagerConnection(
            SpeakerConfig.manager().header(HeaderChoice.CURRENT).maxWaitingBytes(4096).build(),
            this);
    PipeChannel.join(loops.next(), manager.handler(), loops.next(), tunnel.handler());
    get(manager.opened());
  }

  StartResponse start(StartRequest request) throws Exception {
    return get(manager.start(request, LIMIT));
  }

  static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
    settings.add(request);
    return refusal.isEmpty()
        ? NetworkSettingsResponse.newBuilder().setSuccess(true).build()
        : NetworkSettingsResponse.newBuilder().setErrorMessage(refusal).build();
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
  public void close() {
    tunnel.close();
    manager.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(20)).syncUninterruptibly();
  }
}
