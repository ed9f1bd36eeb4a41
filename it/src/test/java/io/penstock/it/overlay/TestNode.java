package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.node.ping.PingRequest;
import io.penstock.node.ping.PingResult;
import io.penstock.node.ping.Pinger;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.node.tunnel.TunnelStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A node of ours that answers pings and remembers how its tunnel has been doing.
///
/// @param tunnel its tunnel
/// @param pinger at the end of the tunnel
/// @param statuses all that the tunnel has told since its start, in order
/// @param expected how many addresses it is to have
record TestNode(PacketTunnel tunnel, Pinger pinger, List<TunnelStatus> statuses, int expected)
    implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(30);

  /// Starts a node and waits until packets travel.
  static TestNode join(PacketTunnelConfig config) throws IOException {
    List<TunnelStatus> statuses = new CopyOnWriteArrayList<>();
    PacketTunnel tunnel = PacketTunnel.start(config, statuses::add);
    int expected = config.wanted().isEmpty() ? IpFamily.values().length : config.wanted().size();
    TestNode node = new TestNode(tunnel, Pinger.on(tunnel), statuses, expected);
    node.awaitConnected();
    return node;
  }

  /// Waits for all addresses: IPv6 may come a little later.
  void awaitConnected() {
    await("the node's tunnel").atMost(LIMIT).until(() -> tunnel.addresses().size() == expected);
  }

  /// Waits until the tunnel has been lost or has ended, and says why.
  String awaitLoss() {
    await("the loss of the tunnel")
        .atMost(LIMIT)
        .until(() -> statuses.stream().anyMatch(TunnelStatus.Waiting.class::isInstance));
    return statuses.stream()
        .filter(TunnelStatus.Waiting.class::isInstance)
        .map(status -> ((TunnelStatus.Waiting) status).reason())
        .findFirst()
        .orElseThrow();
  }

  /// Waits until the tunnel has stopped for good.
  TunnelStatus.Stopped awaitStop() {
    await("the end of the tunnel").atMost(LIMIT).until(() -> tunnel.status().isFinal());
    assertThat(tunnel.status()).isInstanceOf(TunnelStatus.Stopped.class);
    return (TunnelStatus.Stopped) tunnel.status();
  }

  IpAddress address(IpFamily family) {
    return tunnel.addresses().stream()
        .filter(each -> each.family() == family)
        .findFirst()
        .orElseThrow();
  }

  PingResult ping(IpAddress target)
      throws InterruptedException, ExecutionException, TimeoutException {
    return pinger
        .ping(PingRequest.to(target))
        .toCompletableFuture()
        .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  /// Pings until there is an answer; what is on its way while a tunnel ends may be lost.
  void awaitReply(IpAddress target) {
    await("an answer of " + target)
        .atMost(LIMIT)
        .until(() -> ping(target), PingResult.Reply.class::isInstance);
  }

  @Override
  public void close() {
    pinger.close();
    tunnel.close();
  }
}
