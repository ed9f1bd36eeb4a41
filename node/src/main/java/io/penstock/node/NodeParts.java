package io.penstock.node;

import io.netty.channel.EventLoop;
import io.penstock.api.NodeReport;
import io.penstock.node.capture.PacketCapture;
import io.penstock.node.local.LocalApi;
import io.penstock.node.name.OverlayResolver;
import io.penstock.node.name.RunningNode;
import io.penstock.node.name.RunningNodes;
import io.penstock.node.peer.OverlayNames;
import io.penstock.node.proxy.LoopbackProxy;
import io.penstock.node.proxy.ProxyConfig;
import io.penstock.node.serve.CertificateSource;
import io.penstock.node.stack.ChannelDialer;
import io.penstock.node.stack.FallbackDesk;
import io.penstock.node.stack.NodeStack;
import io.penstock.node.stack.OwnAddresses;
import io.penstock.node.stack.TunnelWire;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.TunnelStatus;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.flow.PendingFlowsConfig;
import io.penstock.transport.netstack.NetStackDriver;
import java.io.IOException;
import java.net.spi.InetAddressResolver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a node is made of, and the order in which it begins and ends.
///
/// ```
///   membership ─► stack ─► names, fallback desk, serve ─► local API, proxies, captures
/// ```
final class NodeParts {

  private static final Logger LOG = LoggerFactory.getLogger(NodeParts.class);

  /// One SYN with all options, and what the buffer around it costs.
  private static final int SYN_BYTES = 512;

  private final NodeConfig config;
  private final Membership membership;
  private final NodeStack stack;
  private final OverlayNames names;
  private final NodeSockets sockets;
  private final FallbackDesk fallback;
  private final NodeCertificates certificates;
  private final NodeServe serve;
  private final RunningNode running;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("penstock-node-", 0).factory());

  /// What was made later.
  ///
  /// @param open whether its user has not closed it yet
  private record Extra(Ending end, BooleanSupplier open) {}

  /// Ends a part; blocks for the limit at most.
  @FunctionalInterface
  private interface Ending {
    void close(Duration limit) throws IOException;
  }

  // Guarded by this.
  private final List<Extra> extras = new ArrayList<>();
  private boolean closed;

  private NodeParts(NodeConfig config, Membership membership) throws IOException {
    this.config = config;
    this.membership = membership;
    NetStackConfig stackConfig = stackConfig(config);
    certificates =
        new NodeCertificates(config, membership.identity(), membership::tunnel, this::domainName);
    PacketTunnel tunnel = membership.tunnel();
    OwnAddresses addresses = new OwnAddresses(tunnel::network);
    stack =
        NodeStack.on(
            NetStackDriver.start(new TunnelWire(tunnel, addresses::assigned), stackConfig),
            addresses,
            membership.peers(),
            config.name(),
            tunnel::network);
    names =
        new OverlayNames(tunnel::network, stack::addresses, membership.peers(), config.nameLimit());
    OverlayResolver resolver =
        new OverlayResolver(names, () -> board().awaitJoined(config.startLimit()));
    sockets = new NodeSockets(stack, resolver, config.handshakeLimit());
    serve = new NodeServe(config, stack, certificates);
    fallback = new FallbackDesk(stack.driver(), config.fallback(), threads);
    running =
        new RunningNode(config.name(), names, this::answers, resolver, sockets.socketFactory());
    RunningNodes.ofThisProcess().add(running);
    var _ = board().onStatus(this::changed);
    // The node may have joined before there was a listener; what is told twice changes nothing.
    changed(board().status());
  }

  private Optional<String> domainName() {
    return stack.domainName();
  }

  private void changed(NodeStatus status) {
    if (status instanceof NodeStatus.Running) {
      RunningNodes.ofThisProcess().remember();
      serve.restoreOn(threads);
    }
  }

  /// The gateway's own host is asked of the machine, whatever a peer is called.
  private boolean answers(String label) {
    return config.dns().shortNames() == NodeDns.ShortNames.PEERS
        && !label.equalsIgnoreCase(config.gateway().host());
  }

  static NodeParts start(NodeConfig config) throws IOException {
    Membership membership = Membership.start(config);
    try {
      return new NodeParts(config, membership);
    } catch (IOException | RuntimeException e) {
      membership.leave();
      membership.close();
      throw e;
    }
  }

  /// The stack takes flows to any destination, of which fallback handlers alone see those that are
  /// not ours, and keeps them undecided for as long as the handlers may take.
  private static NetStackConfig stackConfig(NodeConfig config) {
    int flows = config.fallback().maxFlows();
    return new NetStackConfig(
        config.stack().headroomBytes(),
        config.stack().outputQueueBytes(),
        NetStackConfig.Destinations.ANY_FOR_FLOWS,
        config.stack().icmpErrorsPerSecond(),
        config.stack().tcp(),
        config.stack().udp(),
        config.stack().reassembly(),
        new PendingFlowsConfig(
            flows,
            config.fallback().maxFlowsPerPort(),
            flows * SYN_BYTES,
            PendingFlowsConfig.DEFAULT_MAX_DATAGRAM_BYTES,
            (int) config.fallback().decisionLimit().toMillis()));
  }

  Membership membership() {
    return membership;
  }

  private StatusBoard board() {
    return membership.board();
  }

  NodeStack stack() {
    return stack;
  }

  /// The node's sockets for code that blocks.
  NodeSockets sockets() {
    return sockets;
  }

  /// Where the node's certificates come from.
  CertificateSource certificates() {
    return certificates.source();
  }

  OverlayNames names() {
    return names;
  }

  InetAddressResolver resolver() {
    return running.resolver();
  }

  FallbackDesk fallback() {
    return fallback;
  }

  NodeServe serve() {
    return serve;
  }

  // ---- what is made later, and ends with the node ----

  private EventLoop eventLoop() {
    return stack.driver().eventLoop();
  }

  LoopbackProxy loopbackProxy(ProxyConfig proxy) throws IOException {
    LoopbackProxy started = LoopbackProxy.start(eventLoop(), dialer(), proxy);
    keep(new Extra(started::close, started::isOpen));
    return started;
  }

  private ChannelDialer dialer() {
    return new ChannelDialer(
        stack, names, () -> board().awaitJoined(config.dialLimit()), threads, config.dialLimit());
  }

  LocalApi localApi(Supplier<NodeReport> report) throws IOException {
    Path state =
        config
            .state()
            .orElseThrow(
                () -> new IllegalStateException("a local API needs a node with a state directory"));
    LocalApi.Behind behind =
        new LocalApi.Behind(
            report,
            () -> membership.peers().all().items(),
            serve::restored,
            serve::replaceable,
            dialer());
    LocalApi started = LocalApi.start(eventLoop(), state, behind, threads);
    keep(new Extra(started::close, started::isOpen));
    return started;
  }

  PacketCapture capturePcap(Path path) throws IOException {
    PacketCapture started = PacketCapture.start(stack.driver(), path);
    keep(new Extra(started::close, started::isOpen));
    return started;
  }

  /// Keeps what has to end with the node, and lets go of what has ended before.
  private void keep(Extra extra) throws IOException {
    synchronized (this) {
      if (!closed) {
        extras.removeIf(before -> !before.open().getAsBoolean());
        extras.add(extra);
        return;
      }
    }
    close(extra, config.closeLimit());
    throw new IOException("the node was closed");
  }

  private static void close(Extra extra, Duration limit) {
    try {
      extra.end().close(limit);
    } catch (IOException | RuntimeException e) {
      LOG.warn("a part of the node did not end cleanly", e);
    }
  }

  // ---- the end ----

  void close() {
    List<Extra> last;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      last = List.copyOf(extras);
      extras.clear();
    }
    ClosingTime time = ClosingTime.of(config.closeLimit());
    board().closed();
    RunningNodes.ofThisProcess().remove(running);
    last.forEach(extra -> close(extra, time.left()));
    serve.close(time.left());
    threads.shutdownNow();
    boolean up = membership.tunnel().status() instanceof TunnelStatus.Connected;
    stack.finish(up ? time.left() : Duration.ZERO);
    stack.close().awaitUninterruptibly(time.left().toMillis());
    membership.leave(time);
    try {
      if (!threads.awaitTermination(time.left().toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("some handler of the node does not end close_limit={}", config.closeLimit());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    membership.close();
  }
}
