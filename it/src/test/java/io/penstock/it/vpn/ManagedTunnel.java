package io.penstock.it.vpn;

import io.netty.channel.EventLoopGroup;
import io.penstock.api.CreatedToken;
import io.penstock.it.overlay.TestOverlay;
import io.penstock.node.vpn.StartOrder;
import io.penstock.node.vpn.VpnListener;
import io.penstock.node.vpn.VpnManager;
import io.penstock.node.vpn.VpnManagerConfig;
import io.penstock.node.vpn.VpnTunnel;
import io.penstock.node.vpn.VpnTunnelConfig;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.codervpn.PipeChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// A manager of ours and a tunnel of ours at the two ends of a pair of pipes.
final class ManagedTunnel implements VpnListener, AutoCloseable {

  final List<Log> logs = new CopyOnWriteArrayList<>();
  final List<PeerUpdate> updates = new CopyOnWriteArrayList<>();
  final VpnTunnel tunnel;
  final VpnManager manager;

  private final EventLoopGroup loops = NativeSupport.newEventLoops(2, "vpn-test");

  ManagedTunnel(VpnTunnelConfig config, OsNetwork network) throws Exception {
    tunnel = new VpnTunnel(config);
    manager = new VpnManager(VpnManagerConfig.builder().build(), network, this);
    PipeChannel.join(loops.next(), manager.handler(), loops.next(), tunnel.handler());
  }

  StartOrder order(TestOverlay overlay, CreatedToken token) {
    return StartOrder.of(
        "https://127.0.0.1:" + overlay.gateway().addresses().tunnel().getPort(), token.token());
  }

  @Override
  public void peersChanged(PeerUpdate change) {
    updates.add(change);
  }

  @Override
  public void settingsApplied(OsSettings settings) {
    // The manager has them.
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
