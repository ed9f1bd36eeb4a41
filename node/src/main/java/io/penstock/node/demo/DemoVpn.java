package io.penstock.node.demo;

import io.netty.channel.EventLoopGroup;
import io.penstock.api.HostPort;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.ping.Pinger;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.node.vpn.StartOrder;
import io.penstock.node.vpn.VpnListener;
import io.penstock.node.vpn.VpnManager;
import io.penstock.node.vpn.VpnManagerConfig;
import io.penstock.node.vpn.VpnTunnel;
import io.penstock.node.vpn.VpnTunnelConfig;
import io.penstock.node.vpn.os.InterfaceAddress;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.Workspace;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.codervpn.PipeChannel;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Tries both roles of codervpn with each other, over a pair of pipes: a manager starts a node,
/// sees another one among its peers, which pings it at the addresses that the manager was asked
/// for, and stops it.
///
/// The node's packets stay in this process, and what the manager is asked for is written down and
/// not done, so that nobody needs any rights. Blocks the calling thread for some hundred
/// milliseconds as a rule.
public final class DemoVpn {

  /// What the check is called in the table.
  public static final String NAME = "Manager and tunnel";

  private static final String PEER = "demo-peer";
  private static final Duration PEER_LIMIT = Duration.ofSeconds(10);
  private static final Duration LOOPS_LIMIT = Duration.ofSeconds(5);

  private final HostPort gateway;
  private final Trust trust;
  private final String token;

  /// @param gateway its tunnel port
  /// @param token an API token with the scope `overlay`
  public DemoVpn(HostPort gateway, Trust trust, String token) {
    this.gateway = gateway;
    this.trust = trust;
    this.token = token;
  }

  /// Tries it and says what came of it.
  public DemoCheck.Result run() throws InterruptedException {
    long start = System.nanoTime();
    EventLoopGroup loops = NativeSupport.newEventLoops(1, "penstock-demo");
    Machine machine = new Machine();
    try (VpnTunnel tunnel =
            new VpnTunnel(
                VpnTunnelConfig.builder("demo-vpn").node(node -> node.trust(trust)).build());
        VpnManager manager = new VpnManager(VpnManagerConfig.builder().build(), machine, machine);
        var peer = peer();
        var pinger = Pinger.on(peer)) {
      PipeChannel.join(loops.next(), manager.handler(), loops.next(), tunnel.handler());
      manager.start(StartOrder.of(gateway.toString(), token));
      machine.awaitPeer();
      List<String> seen = new ArrayList<>();
      for (InterfaceAddress own : manager.settings().addresses()) {
        seen.add(DemoNodes.ping(pinger, own.address()));
      }
      machine.requireAddresses();
      manager.stop();
      return result(
          true,
          start,
          "a node was started, seen in %s, and stopped".formatted(String.join(", ", seen)));
    } catch (IOException e) {
      return result(false, start, String.valueOf(e.getMessage()));
    } finally {
      NativeSupport.endEventLoops(loops, LOOPS_LIMIT).awaitUninterruptibly();
    }
  }

  private PacketTunnel peer() throws IOException, InterruptedException {
    return PacketTunnel.connect(
        PacketTunnelConfig.builder(gateway, NodeIdentity.ephemeral(), PEER)
            .trust(trust)
            .token(token)
            .build());
  }

  private static DemoCheck.Result result(boolean passed, long start, String detail) {
    return new DemoCheck.Result(NAME, passed, Duration.ofNanos(System.nanoTime() - start), detail);
  }

  /// A machine that writes down what is done to it.
  private static final class Machine implements OsNetwork, VpnListener {

    private OsSettings settings = OsSettings.NONE;
    private boolean peerSeen;

    @Override
    public synchronized void apply(OsSettings next) {
      settings = next;
    }

    @Override
    public synchronized OsSettings settings() {
      return settings;
    }

    @Override
    public synchronized void close() {
      settings = OsSettings.NONE;
    }

    synchronized void requireAddresses() throws IOException {
      if (settings.addresses().isEmpty()) {
        throw new IOException("the machine was given no address, but " + settings);
      }
    }

    @Override
    public synchronized void peersChanged(PeerUpdate change) {
      peerSeen |=
          change.getUpsertedWorkspacesList().stream()
              .anyMatch(
                  one -> one.getName().equals(PEER) && one.getStatus() == Workspace.Status.RUNNING);
      notifyAll();
    }

    synchronized void awaitPeer() throws IOException, InterruptedException {
      long until = System.nanoTime() + PEER_LIMIT.toNanos();
      while (!peerSeen) {
        long left = Duration.ofNanos(until - System.nanoTime()).toMillis();
        if (left <= 0) {
          throw new IOException(
              "the manager does not hear of the other node within %d s"
                  .formatted(PEER_LIMIT.toSeconds()));
        }
        wait(left);
      }
    }

    @Override
    public void settingsApplied(OsSettings applied) {
      // The manager says so to itself.
    }

    @Override
    public void log(Log log) {
      // A check has no log.
    }
  }
}
