package io.penstock.node;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.penstock.api.IpAddress;
import io.penstock.api.NodeReport;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.capture.PacketCapture;
import io.penstock.node.fallback.FallbackCounts;
import io.penstock.node.fallback.FallbackHandle;
import io.penstock.node.fallback.FallbackTcp;
import io.penstock.node.fallback.FallbackUdp;
import io.penstock.node.local.LocalApi;
import io.penstock.node.overlay.OverlayPorts;
import io.penstock.node.proxy.LoopbackProxy;
import io.penstock.node.proxy.ProxyConfig;
import io.penstock.node.serve.CertificateSource;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.ServeManager;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.spi.InetAddressResolver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;

/// A node of an overlay network inside of this process: it joins through a gateway, listens on
/// addresses of its own, and dials the others by name.
///
/// ```java
/// try (var node = Node.start(NodeConfig.builder("gateway.example.com", "web").tokenFile(file).build())) {
///   var listener = node.listen(80);
///   var database = node.dial("db", 5432);
///   node.serve().set(ServeConfig.parse(json));
///   …
/// }
/// ```
///
/// Connections live through a lost link and a restarted gateway as long as the gateway keeps the
/// node's address for it. If the address did change they end with
/// [io.penstock.transport.netstack.AddressChangedException], and listeners go on at the new one. No
/// byte for the overlay ever takes a socket of this machine.
///
/// All methods may be called from any thread; those that block say so, and can be interrupted. The
/// sockets that they give are like the JDK's in this, too: a virtual thread that is interrupted
/// while it waits in one closes it, a platform thread does not notice. Callbacks come on virtual
/// threads.
public final class Node implements OverlayMember {

  private final NodeConfig config;
  private final NodeParts parts;

  private Node(NodeConfig config, NodeParts parts) {
    this.config = config;
    this.parts = parts;
  }

  // ---- starting and ending ----

  /// Starts a node and returns at once; [#awaitRunning] waits until it has joined, and so does
  /// [#dial].
  ///
  /// @throws IOException when its identity or its trust cannot be read, or this platform has no
  ///   QUIC; everything later is told by [#status]
  public static Node start(NodeConfig config) throws IOException {
    return new Node(config, NodeParts.start(config));
  }

  @Override
  public NodeStatus status() {
    return parts.membership().board().status();
  }

  @Override
  public AutoCloseable onStatus(Consumer<NodeStatus> listener) {
    return parts.membership().board().onStatus(listener);
  }

  @Override
  public NodeStatus.Running awaitRunning(Duration limit) throws IOException, InterruptedException {
    return parts.membership().board().awaitRunning(limit);
  }

  /// Blocks until the node is over, and says why.
  public NodeStatus.Stopped awaitStopped() throws InterruptedException {
    return parts.membership().board().awaitStopped();
  }

  @Override
  public void retryNow() {
    parts.membership().retryNow();
  }

  /// Ends the node with all its connections, listeners, sockets, threads and its tunnel, also while
  /// it is starting.
  ///
  /// Repeatable; of several calls the first does it. Blocks for at most [NodeConfig#closeLimit] and
  /// a little more, and as a rule for milliseconds.
  @Override
  public void close() {
    parts.close();
  }

  // ---- who we are, and who is there ----

  @Override
  public UUID id() {
    return parts.membership().identity().id();
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

  @Override
  public Optional<OverlayNetwork> network() {
    return parts.membership().tunnel().network();
  }

  /// The others that this node may know of, by their names, as the gateway has told last.
  public List<PeerInfo> peers() {
    return parts.membership().peers().all().items();
  }

  @Override
  public Optional<IpAddress> gatewayAddress() {
    return parts.membership().gatewayAddress();
  }

  @Override
  public PeerSnapshot peerSnapshot() {
    return parts.membership().peers().all();
  }

  @Override
  public boolean awaitPeers(long revision, Duration limit) throws InterruptedException {
    return parts.membership().peers().awaitChange(revision, limit);
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

  /// The same of a connection that was dialled or accepted as a socket, also by a fallback handler
  /// or over TLS, and also after it was closed. Empty for every other socket.
  public Optional<PeerInfo> whoIs(Socket connection) {
    return parts.sockets().connectionOf(connection).flatMap(this::whoIs);
  }

  /// Finds an address for a host of the overlay as [#dial] does; blocks until the node has joined.
  ///
  /// @throws java.net.UnknownHostException when there is no such name
  /// @throws java.net.NoRouteToHostException when it is an address of another network
  public InetAddress resolve(String host) throws IOException, InterruptedException {
    parts.membership().board().awaitJoined(config.startLimit());
    return parts.names().resolve(host).inet();
  }

  /// Looks names up as [#resolve] does and gives all addresses, for libraries that take a resolver;
  /// every failure is an [java.net.UnknownHostException].
  public InetAddressResolver resolver() {
    return parts.resolver();
  }

  // ---- listening and dialling ----

  /// Listens on a TCP port of all addresses of the node, of both versions, now and later.
  ///
  /// @param port 0 for any free one
  /// @throws java.net.BindException when somebody has the port, whom the message names
  public ServerSocket listen(int port) throws IOException {
    requireLive();
    return parts.sockets().listen(Optional.empty(), port);
  }

  /// Listens on a TCP port of one address of the node; blocks until the node has joined. When the
  /// node gets another address of that version, it goes on there.
  ///
  /// @param address `0.0.0.0` or `::` for all addresses of both versions
  /// @param port 0 for any free one
  /// @throws java.net.BindException when somebody has the port, whom the message names, or the
  ///   address is not the node's
  public ServerSocket listen(IpAddress address, int port) throws IOException, InterruptedException {
    awaitJoinedUnlessAny(address);
    return parts.sockets().listen(Optional.of(address), port);
  }

  /// Listens on a TCP port of all addresses for TLS under the node's full name, with the
  /// certificate of [NodeConfig#certificates]; blocks until the node has joined and has it.
  ///
  /// What it accepts has made its handshake. A visitor who asks for another name or takes longer
  /// than [NodeConfig#handshakeLimit] is closed, and holds up nobody.
  ///
  /// @param port 0 for any free one
  /// @throws IOException when there is no certificate, with the reason
  /// @throws java.net.BindException when somebody has the port, whom the message names
  public ServerSocket listenTls(int port) throws IOException, InterruptedException {
    parts.membership().board().awaitJoined(config.startLimit());
    return listenTls(port, parts.certificates(), parts.stack().domainName().orElseThrow());
  }

  /// The same under other names, with certificates of one's own such as
  /// [io.penstock.node.serve.FileCertificates]; blocks as they do.
  ///
  /// @param names at least one
  public ServerSocket listenTls(int port, CertificateSource certificates, String... names)
      throws IOException {
    requireLive();
    return parts.sockets().listenTls(port, NamedKeys.tls(certificates, List.of(names)));
  }

  /// The same with a TLS context of one's own, which decides about names. It is the JDK's, so that
  /// TLS 1.3 passes half-closes on.
  public ServerSocket listenTls(int port, SSLContext tls) throws IOException {
    requireLive();
    return parts.sockets().listenTls(port, tls);
  }

  /// Makes a UDP socket at a port of all addresses of the node.
  ///
  /// @param port 0 for any free one
  /// @throws java.net.BindException when somebody has the port, whom the message names
  public DatagramSocket listenUdp(int port) throws IOException {
    requireLive();
    return parts.sockets().listenUdp(Optional.empty(), port);
  }

  /// Makes a UDP socket at a port of one address of the node; blocks until the node has joined.
  public DatagramSocket listenUdp(IpAddress address, int port)
      throws IOException, InterruptedException {
    awaitJoinedUnlessAny(address);
    return parts.sockets().listenUdp(Optional.of(address), port);
  }

  private void requireLive() throws NodeStoppedException {
    parts.membership().board().requireLive();
  }

  private void awaitJoinedUnlessAny(IpAddress address) throws IOException, InterruptedException {
    if (address.isUnspecified()) {
      requireLive();
    } else {
      parts.membership().board().awaitJoined(config.startLimit());
    }
  }

  /// Connects to a host of the overlay over TCP, within [NodeConfig#dialLimit].
  ///
  /// @param host a name such as `db` or `db.penstock.internal`, or an address
  /// @throws java.net.UnknownHostException when no such name is known within
  ///   [NodeConfig#nameLimit], or until the limit is over
  /// @throws java.net.NoRouteToHostException when it is an address of another network
  /// @throws java.net.ConnectException when nobody listens there
  /// @throws java.net.SocketTimeoutException when the limit is over
  public Socket dial(String host, int port) throws IOException, InterruptedException {
    return dial(host, port, config.dialLimit());
  }

  /// As above with another limit, in which the node has to join if it has not yet. Interrupting the
  /// thread ends the attempt.
  public Socket dial(String host, int port, Duration limit)
      throws IOException, InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    InetAddress address = await(host, until, limit);
    return parts.sockets().dial(address, port, Duration.ofNanos(until - System.nanoTime()));
  }

  /// Makes a UDP socket that is connected to a host of the overlay, within [NodeConfig#dialLimit];
  /// blocks until the node has joined and knows the host.
  ///
  /// @param host as with [#dial]
  public DatagramSocket dialUdp(String host, int port) throws IOException, InterruptedException {
    return dialUdp(host, port, config.dialLimit());
  }

  /// As above with another limit.
  public DatagramSocket dialUdp(String host, int port, Duration limit)
      throws IOException, InterruptedException {
    InetAddress address = await(host, System.nanoTime() + limit.toNanos(), limit);
    return parts.sockets().dialUdp(address, port);
  }

  private InetAddress await(String host, long until, Duration limit)
      throws IOException, InterruptedException {
    parts.membership().board().awaitJoined(limit);
    return parts.names().resolve(host, Duration.ofNanos(until - System.nanoTime())).inet();
  }

  /// Makes TCP connections over the overlay for libraries that take a factory. Names are those of
  /// the overlay and never go to the DNS of this machine: those that the library leaves to the
  /// factory, and full ones that it looks up by itself (`db.penstock.internal`). For libraries that
  /// take the name of a class there is [PenstockSocketFactory].
  public SocketFactory socketFactory() {
    return parts.sockets().socketFactory();
  }

  /// Makes TCP listeners on the overlay for libraries that take a factory.
  public ServerSocketFactory serverSocketFactory() {
    return parts.sockets().serverSocketFactory();
  }

  // ---- flows that nobody listens for ----

  /// Asks a handler about TCP connections that no listener owns, after the handlers that were
  /// registered before.
  ///
  /// @return closing it deregisters the handler
  /// @throws IllegalStateException when the node is over
  public FallbackHandle fallbackTcp(FallbackTcp handler) {
    return inEffect(() -> parts.fallback().registerTcp(handler));
  }

  /// Asks a handler about UDP conversations for which there is no socket, after the handlers that
  /// were registered before.
  ///
  /// @return closing it deregisters the handler
  /// @throws IllegalStateException when the node is over
  public FallbackHandle fallbackUdp(FallbackUdp handler) {
    return inEffect(() -> parts.fallback().registerUdp(handler));
  }

  /// A flow that comes after the caller has the handle is one that the handler is asked about.
  private FallbackHandle inEffect(Supplier<FallbackHandle> registration) {
    if (status() instanceof NodeStatus.Stopped(_, String message)) {
      throw new IllegalStateException(message);
    }
    FallbackHandle handle = registration.get();
    parts.stack().settle(config.closeLimit());
    return handle;
  }

  /// What became of the flows that fallback handlers were asked about.
  public FallbackCounts fallbackCounts() {
    return parts.fallback().counts();
  }

  // ---- serving ----

  /// What the node serves on its ports by a config that is kept in the state directory; blocks
  /// until the node has joined and what was kept is served again.
  ///
  /// A node does that by itself, too, as soon as it has joined. A port that is served belongs to
  /// `serve` at all addresses.
  ///
  /// @throws ServeException when what was kept cannot be served; the message says why and names the
  ///   file, which is left as it is
  /// @throws NodeStoppedException when the node is over
  /// @throws java.net.SocketTimeoutException when it has not joined within [NodeConfig#startLimit]
  public ServeManager serve() throws IOException, ServeException, InterruptedException {
    parts.membership().board().awaitJoined(config.startLimit());
    return parts.serve().restored();
  }

  // ---- for programs, and for looking closer ----

  /// Starts a proxy on 127.0.0.1 that leads into the overlay and nowhere else; it ends with the
  /// node.
  ///
  /// @throws IOException when the port cannot be had
  public LoopbackProxy loopbackProxy(ProxyConfig proxy) throws IOException {
    requireLive();
    return parts.loopbackProxy(proxy);
  }

  /// Starts the local API on a Unix socket in the node's state directory, by which other programs
  /// of the same user ask the node and change what it serves: [io.penstock.node.local.LocalClient],
  /// and `penstock serve`. It ends with the node.
  ///
  /// @throws IllegalStateException when the node has no state directory
  /// @throws IOException when the socket cannot be made
  public LocalApi localApi() throws IOException {
    requireLive();
    return parts.localApi(this::report);
  }

  private NodeReport report() {
    String state;
    String reason = "";
    switch (status()) {
      case NodeStatus.Starting(String failure) -> {
        state = "starting";
        reason = failure;
      }
      case NodeStatus.Running _ -> state = "running";
      case NodeStatus.Degraded(String why, _, _) -> {
        state = "degraded";
        reason = why;
      }
      case NodeStatus.Stopped(_, String message) -> {
        state = "stopped";
        reason = message;
      }
    }
    return new NodeReport(
        id(),
        name(),
        domainName().orElse(""),
        config.gateway().toString(),
        state,
        reason,
        addresses());
  }

  /// Captures all packets of the overlay in a file that tcpdump and Wireshark open, until it is
  /// closed, or the node.
  ///
  /// @param path of a file that is not there yet
  /// @throws IOException when the file is there or cannot be written
  public PacketCapture capturePcap(Path path) throws IOException {
    requireLive();
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
