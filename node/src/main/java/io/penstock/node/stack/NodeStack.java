package io.penstock.node.stack;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;
import io.penstock.api.IpAddress;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerInfo;
import io.penstock.node.overlay.OverlayPort;
import io.penstock.node.overlay.OverlayPorts;
import io.penstock.node.overlay.PortRequest;
import io.penstock.node.peer.PeerBook;
import io.penstock.node.peer.SeenLease;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.NetstackChannel;
import io.penstock.transport.netstack.NetstackOption;
import io.penstock.transport.relay.Closing;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// The stack of a node at work, and the ports on it. Any thread may call this.
public final class NodeStack implements OverlayPorts {

  /// How often closing looks whether all is acknowledged; a round trip takes about as long.
  private static final Duration FINISH_CHECK = Duration.ofMillis(5);

  /// The lease of the other end when a connection began.
  private static final AttributeKey<SeenLease> LEASE =
      AttributeKey.valueOf(NodeStack.class, "lease");

  private final NetStackDriver driver;
  private final OwnAddresses addresses;
  private final PeerBook peers;
  private final String name;
  private final Supplier<Optional<OverlayNetwork>> network;
  private final ChannelGroup connections;

  private NodeStack(
      NetStackDriver driver,
      OwnAddresses addresses,
      PeerBook peers,
      String name,
      Supplier<Optional<OverlayNetwork>> network) {
    this.driver = driver;
    this.addresses = addresses;
    this.peers = peers;
    this.name = name;
    this.network = network;
    connections = new DefaultChannelGroup(driver.eventLoop(), true);
  }

  /// Makes a stack that was just started the one of a node, which owns it from now on.
  ///
  /// @param addresses which the owner of its link is told of by whoever makes the link
  /// @param name the node's label
  /// @param network what the gateway has said of the network, empty before the first time
  public static NodeStack on(
      NetStackDriver driver,
      OwnAddresses addresses,
      PeerBook peers,
      String name,
      Supplier<Optional<OverlayNetwork>> network) {
    NodeStack stack = new NodeStack(driver, addresses, peers, name, network);
    driver.onConnection(stack::seen);
    addresses.of(driver);
    return stack;
  }

  private void seen(NetstackChannel connection) {
    connections.add(connection);
    if (connection.remoteAddress() instanceof InetSocketAddress remote) {
      peers
          .leaseAt(new IpAddress(remote.getAddress()), connection.openedNanos())
          .ifPresent(lease -> connection.attr(LEASE).set(lease));
    }
  }

  public NetStackDriver driver() {
    return driver;
  }

  /// Waits until the event loop has done what it was asked for before, for the limit at most; on
  /// the loop itself there is nothing to wait for.
  public void settle(Duration limit) {
    if (!driver.eventLoop().inEventLoop()) {
      var _ = driver.call(_ -> Boolean.TRUE).awaitUninterruptibly(limit.toMillis());
    }
  }

  // ---- for those who use Netty ----

  /// Makes connections; needs a handler.
  public Bootstrap dialer() {
    return new Bootstrap().group(driver.eventLoop()).channelFactory(driver.channels());
  }

  /// Makes listeners; needs a child handler.
  public ServerBootstrap listener() {
    return new ServerBootstrap()
        .group(driver.eventLoop())
        .channelFactory(driver.serverChannels())
        .option(ChannelOption.SO_BACKLOG, PortRequest.DEFAULT_BACKLOG);
  }

  /// Makes UDP sockets; needs a handler.
  public Bootstrap datagrams() {
    return new Bootstrap().group(driver.eventLoop()).channelFactory(driver.datagramChannels());
  }

  // ---- ports ----

  @Override
  public CompletionStage<OverlayPort> listen(PortRequest request, ChannelHandler child) {
    CompletableFuture<OverlayPort> bound = new CompletableFuture<>();
    listener()
        .option(ChannelOption.SO_BACKLOG, request.backlog())
        .option(NetstackOption.OWNER, request.owner())
        .option(NetstackOption.EXCLUSIVE, request.sharing() == PortRequest.Sharing.NONE)
        .childHandler(child)
        .bind(at(request.address(), request.port()))
        .addListener(
            (io.netty.channel.ChannelFuture done) -> {
              if (done.isSuccess()) {
                bound.complete(new Port(done.channel()));
              } else {
                bound.completeExceptionally(done.cause());
              }
            });
    return bound;
  }

  /// The address to bind to.
  public static InetSocketAddress at(Optional<IpAddress> address, int port) {
    return address
        .map(IpAddress::inet)
        .map(one -> new InetSocketAddress(one, port))
        .orElseGet(() -> new InetSocketAddress(port));
  }

  @Override
  public Optional<PeerInfo> whoIs(Channel connection) {
    return Optional.ofNullable(connection.attr(LEASE).get()).flatMap(peers::whoIs);
  }

  /// Who has an address of the overlay now.
  public Optional<PeerInfo> whoIs(InetAddress address) {
    return peers.whoIs(new IpAddress(address));
  }

  @Override
  public List<IpAddress> addresses() {
    return addresses.now();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<String> domainName() {
    return network.get().map(known -> name + "." + known.zone());
  }

  /// Closes all listeners, ends all connections behind what was written, and waits until their
  /// peers have everything, for the limit at most.
  public void finish(Duration limit) {
    long until = System.nanoTime() + limit.toNanos();
    driver.closeListeners();
    connections.forEach(
        connection ->
            driver
                .eventLoop()
                .execute(() -> Closing.afterWrites(connection, Math.max(1, limit.toNanos()))));
    while (System.nanoTime() - until < 0 && !Thread.currentThread().isInterrupted()) {
      Future<Integer> left = driver.call(stack -> stack.tcp().connectionCount());
      if (!left.awaitUninterruptibly(limit.toMillis()) || !left.isSuccess() || left.getNow() == 0) {
        return;
      }
      LockSupport.parkNanos(FINISH_CHECK.toNanos());
    }
  }

  /// Ends the stack with all its connections, listeners and sockets, and its link.
  public Future<Void> close() {
    return driver.close();
  }

  private record Port(Channel channel) implements OverlayPort {

    @Override
    public InetSocketAddress localAddress() {
      return (InetSocketAddress) channel.localAddress();
    }

    @Override
    public void accepting(boolean accepting) {
      channel.config().setAutoRead(accepting);
    }

    @Override
    public CompletionStage<Void> close() {
      CompletableFuture<Void> closed = new CompletableFuture<>();
      channel.close().addListener(_ -> closed.complete(null));
      return closed;
    }
  }
}
