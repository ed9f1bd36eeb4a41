package io.penstock.node;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.node.capture.PacketCapture;
import io.penstock.node.fallback.FallbackCounts;
import io.penstock.node.fallback.FallbackHandle;
import io.penstock.node.fallback.FallbackTcp;
import io.penstock.node.fallback.FallbackUdp;
import io.penstock.node.overlay.OverlayPorts;
import io.penstock.node.proxy.LoopbackProxy;
import io.penstock.node.proxy.ProxyConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/// A node of an overlay network inside of this process: it joins through a gateway, listens on
/// addresses of its own, and dials the others by name.
///
/// ```java
/// try (var node = Node.start(NodeConfig.builder("gateway.example.com", "web").tokenFile(file).build())) {
///   var listener = node.listen(80);
///   var database = node.dial("db", 5432);
///   …
/// }
/// ```
///
/// Connections live through a lost link and a restarted gateway as long as the gateway keeps the
/// node's address for it. If the address did change they end with
/// [io.penstock.transport.netstack.AddressChangedException], and listeners go on at the new one. No
/// byte for the overlay ever takes a socket of this machine.
///
/// All methods may be called from any thread; those that block say so, and can be interrupted.
/// Callbacks come on virtual threads.
public final class Node implements AutoCloseable {

  private final NodeConfig config;
  private final NodeParts parts;

  private Node(NodeConfig config, NodeParts parts) {
    this.config = config;
    this.parts = parts;
  }

  // ---- starting and ending ----

  /// Starts a node and returns at once; [#awaitRunning] waits until it has joined.
  ///
  /// @throws IOException when its identity or its trust cannot be read, or this platform has no
  ///   QUIC; everything later is told by [#status]
  public static Node start(NodeConfig config) throws IOException {
    return new Node(config, NodeParts.start(config));
  }

  public NodeStatus status() {
    return parts.board().status();
  }

  /// Calls a listener with each new status, in order, on one virtual thread.
  ///
  /// @return closing it ends that
  public AutoCloseable onStatus(Consumer<NodeStatus> listener) {
    return parts.board().onStatus(listener);
  }

  /// Blocks until packets travel.
  ///
  /// @throws NodeStoppedException when the node is over
  /// @throws java.net.SocketTimeoutException when the limit is over, with the last failure
  public NodeStatus.Running awaitRunning(Duration limit) throws IOException, InterruptedException {
    return parts.board().awaitRunning(limit);
  }

  /// Blocks until the node is over, and says why.
  public NodeStatus.Stopped awaitStopped() throws InterruptedException {
    return parts.board().awaitStopped();
  }

  /// Ends the node with all its connections, listeners, sockets, threads and its tunnel, also while
  /// it is starting.
  ///
  /// Repeatable. Blocks for at most some times [NodeConfig#closeLimit], and as a rule for
  /// milliseconds.
  @Override
  public void close() {
    parts.close();
  }

  // ---- who we are, and who is there ----

  /// The id by which the gateway knows the node.
  public UUID id() {
    return parts.identity().id();
  }

  /// The node's label.
  public String name() {
    return config.name();
  }

  /// The node's full name; empty before it has joined for the first time.
  public Optional<String> domainName() {
    return parts.stack().domainName();
  }

  /// The node's own addresses, IPv4 first; none before it has joined.
  public List<IpAddress> addresses() {
    return parts.stack().addresses();
  }

  /// The others that this node may know of, by their names, as the gateway has told last.
  public List<PeerInfo> peers() {
    return parts.peers().all().items();
  }

  /// Who has an address of the overlay now; empty when nobody has, or the gateway is not heard.
  public Optional<PeerInfo> whoIs(InetAddress address) {
    return parts.stack().whoIs(address);
  }

  /// Who is at the other end of a connection: the node that had the address when the connection
  /// began, if it still has. Empty when that was not known then; never another node.
  public Optional<PeerInfo> whoIs(Channel connection) {
    return parts.stack().whoIs(connection);
  }

  /// Finds an address for a host of the overlay; blocks until the node has joined.
  ///
  /// @throws java.net.UnknownHostException when there is no such name
  /// @throws java.net.NoRouteToHostException when it is an address of another network
  public InetAddress resolve(String host) throws IOException, InterruptedException {
    parts.board().awaitJoined(config.startLimit());
    return parts.names().resolve(host).inet();
  }

  // ---- flows that nobody listens for ----

  /// Asks a handler about TCP connections that no listener owns, after the handlers that were
  /// registered before.
  ///
  /// @return closing it deregisters the handler
  public FallbackHandle fallbackTcp(FallbackTcp handler) {
    return parts.fallback().registerTcp(handler);
  }

  /// Asks a handler about UDP conversations for which there is no socket, after the handlers that
  /// were registered before.
  ///
  /// @return closing it deregisters the handler
  public FallbackHandle fallbackUdp(FallbackUdp handler) {
    return parts.fallback().registerUdp(handler);
  }

  /// What became of the flows that fallback handlers were asked about.
  public FallbackCounts fallbackCounts() {
    return parts.fallback().counts();
  }

  // ---- for programs, and for looking closer ----

  /// Starts a proxy on 127.0.0.1 that leads into the overlay and nowhere else; it ends with the
  /// node.
  ///
  /// @throws IOException when the port cannot be had
  public LoopbackProxy loopbackProxy(ProxyConfig proxy) throws IOException {
    return parts.loopbackProxy(proxy);
  }

  /// Captures all packets of the overlay in a file that tcpdump and Wireshark open, until it is
  /// closed, or the node.
  ///
  /// @param path of a file that is not there yet
  /// @throws IOException when the file is there or cannot be written
  public PacketCapture capturePcap(Path path) throws IOException {
    return parts.capturePcap(path);
  }

  // ---- for those who use Netty ----

  /// Makes TCP connections over the overlay, on the node's event loop; needs a handler. Names must
  /// be resolved with [#resolve] before.
  public Bootstrap bootstrap() {
    return parts.stack().dialer();
  }

  /// Makes TCP listeners on the overlay, on the node's event loop; needs a child handler.
  public ServerBootstrap serverBootstrap() {
    return parts.stack().listener();
  }

  /// Makes UDP sockets on the overlay, on the node's event loop; needs a handler.
  public Bootstrap datagramBootstrap() {
    return parts.stack().datagrams();
  }

  /// The node's ports, for those who serve on them.
  public OverlayPorts ports() {
    return parts.stack();
  }
}
