package io.penstock.node;

import io.penstock.api.IpAddress;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.device.DeviceBridge;
import io.penstock.node.device.DeviceCounters;
import io.penstock.node.device.PeerCounters;
import io.penstock.node.device.PeerTraffic;
import io.penstock.transport.tun.TunDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/// A node of an overlay network whose packets go to and from a TUN device, so that the programs of
/// the machine listen and dial, and nobody in this process does.
///
/// ```java
/// try (var device = TunDevice.open(TunConfig.builder().mtu(1280).build());
///     var node = DeviceNode.start(config, device)) {
///   node.awaitRunning(limit);
///   // Now give the interface the node's addresses, and the network's ranges as routes.
/// }
/// ```
///
/// What the config says of serving and of fallback handlers is not looked at. The interface's
/// addresses, its routes and that it is up are the caller's to arrange, from what [#status] and
/// [#network] say.
public final class DeviceNode implements OverlayMember {

  /// The code of a node whose device has failed or was deleted.
  public static final String DEVICE_LOST = "device_lost";

  /// The peers are looked at that often even when nothing is told of them.
  private static final Duration PEERS_LIMIT = Duration.ofHours(1);

  private final Membership membership;
  private final PeerTraffic traffic = new PeerTraffic();
  private final DeviceBridge bridge;
  private final Thread peers;

  private DeviceNode(Membership membership, TunDevice device) {
    this.membership = membership;
    bridge =
        DeviceBridge.start(
            membership.tunnel(),
            device,
            traffic,
            failure ->
                membership
                    .tunnel()
                    .stop(
                        DEVICE_LOST,
                        "the device %s is lost: %s; start the node again with another one"
                            .formatted(device.name(), failure.getMessage())));
    peers = Thread.ofVirtual().name("device-peers").start(this::followPeers);
  }

  /// Counts those peers that are known now, for as long as the node lives.
  private void followPeers() {
    try {
      while (true) {
        PeerSnapshot known = membership.peers().all();
        traffic.know(known);
        var _ = membership.peers().awaitChange(known.revision(), PEERS_LIMIT);
      }
    } catch (InterruptedException _) {
      // Only closing interrupts.
    }
  }

  /// Starts a node and returns at once.
  ///
  /// @param device is the node's from now on, also when this fails, and is closed with it
  /// @throws IOException as [Node#start] has it
  public static DeviceNode start(NodeConfig config, TunDevice device) throws IOException {
    Membership membership;
    try {
      membership = Membership.start(config);
    } catch (IOException | RuntimeException e) {
      device.close();
      throw e;
    }
    return new DeviceNode(membership, device);
  }

  @Override
  public NodeStatus status() {
    return membership.board().status();
  }

  @Override
  public AutoCloseable onStatus(Consumer<NodeStatus> listener) {
    return membership.board().onStatus(listener);
  }

  @Override
  public NodeStatus.Running awaitRunning(Duration limit) throws IOException, InterruptedException {
    return membership.board().awaitRunning(limit);
  }

  @Override
  public void retryNow() {
    membership.retryNow();
  }

  @Override
  public UUID id() {
    return membership.identity().id();
  }

  @Override
  public Optional<OverlayNetwork> network() {
    return membership.tunnel().network();
  }

  @Override
  public Optional<IpAddress> gatewayAddress() {
    return membership.gatewayAddress();
  }

  @Override
  public PeerSnapshot peerSnapshot() {
    return membership.peers().all();
  }

  @Override
  public boolean awaitPeers(long revision, Duration limit) throws InterruptedException {
    return membership.peers().awaitChange(revision, limit);
  }

  @Override
  public Optional<PeerCounters> traffic(UUID peer) {
    return traffic.of(peer);
  }

  /// What was not carried, and why.
  public DeviceCounters counters() {
    return bridge.counters();
  }

  /// Ends the node and gives the device back.
  @Override
  public void close() {
    membership.board().closed();
    peers.interrupt();
    bridge.close();
    membership.leave();
    membership.close();
  }
}
