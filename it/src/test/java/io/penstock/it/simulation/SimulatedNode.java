package io.penstock.it.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.OverlayNetwork;
import io.penstock.gateway.overlay.VirtualGateway;
import io.penstock.node.fallback.FallbackConfig;
import io.penstock.node.peer.PeerBook;
import io.penstock.node.stack.FallbackDesk;
import io.penstock.node.stack.NodeStack;
import io.penstock.node.stack.OwnAddresses;
import io.penstock.node.stack.TunnelWire;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.flow.PendingFlowsConfig;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.SimulatedEndpoint;
import io.penstock.testkit.SimulatedNetwork;
import io.penstock.testkit.VirtualLoop;
import io.penstock.transport.netstack.NetStackDriver;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// A node in virtual time: its stack on its tunnel on a simulated link. Its event loop and the
/// threads of its fallback handlers are the thread of the test.
final class SimulatedNode implements SimulatedEndpoint, AutoCloseable {

  /// How long a handler may think, well within what it has.
  private static final long MAX_DECISION_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /// No outage is so long that a connection must not begin after it.
  private static final int PATIENCE_MILLIS = 600_000;

  private final VirtualLoop loop;
  private final OwnAddresses addresses;
  private final Trace trace;
  final String name;
  final UUID id;
  final SimulatedTunnel tunnel;
  final NodeStack stack;
  final FallbackDesk fallback;
  final Handshakes handshakes = new Handshakes();

  SimulatedNode(
      String name,
      UUID id,
      SimulatedNetwork network,
      VirtualGateway gateway,
      Trace trace,
      long seed) {
    this.name = name;
    this.id = id;
    this.trace = trace;
    SplittableRandom seeds = new SplittableRandom(seed);
    loop = new VirtualLoop(network);
    tunnel =
        new SimulatedTunnel(
            new SimulatedTunnel.Surroundings(
                loop,
                VirtualGateway.clockOf(network),
                new SeededRandom(seeds.nextLong()),
                () -> gateway.session(id),
                what -> trace.note(name + " " + what)));
    Supplier<Optional<OverlayNetwork>> told = () -> Optional.of(gateway.network());
    addresses = new OwnAddresses(told);
    NetStackDriver driver =
        NetStackDriver.start(new TunnelWire(tunnel, addresses::assigned), config(), seeds.split());
    stack = NodeStack.on(driver, addresses, new PeerBook(network::nowNanos), name, told);
    driver.tap((direction, packet, _) -> trace.packet(name, direction, packet));
    driver.tap(handshakes);
    SplittableRandom thinking = seeds.split();
    fallback =
        new FallbackDesk(
            driver,
            FallbackConfig.DEFAULT,
            task -> network.schedule(thinking.nextLong(MAX_DECISION_NANOS), task));
  }

  private static NetStackConfig config() {
    FallbackConfig limits = FallbackConfig.DEFAULT;
    return NetStackConfig.builder()
        .tcp(
            TcpConfig.builder()
                .connectTimeoutMillis(PATIENCE_MILLIS)
                .handshakeTimeoutMillis(PATIENCE_MILLIS)
                .build())
        .destinations(NetStackConfig.Destinations.ANY_FOR_FLOWS)
        .pendingFlows(
            new PendingFlowsConfig(
                limits.maxFlows(),
                limits.maxFlowsPerPort(),
                PendingFlowsConfig.DEFAULT_MAX_SYN_BYTES,
                PendingFlowsConfig.DEFAULT_MAX_DATAGRAM_BYTES,
                (int) limits.decisionLimit().toMillis()))
        .build();
  }

  /// Whether it has both of its addresses and packets travel.
  boolean isJoined() {
    return tunnel.isUp() && addresses.now().size() == IpFamily.values().length;
  }

  IpAddress address(IpFamily family) {
    return addresses.now().stream()
        .filter(each -> each.family() == family)
        .findFirst()
        .orElseThrow();
  }

  /// Begins to connect; the exchange tells how it went.
  void dial(IpAddress to, int port, Exchange exchange) {
    ChannelFuture dial =
        stack
            .dialer()
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0)
            .handler(exchange)
            .connect(new InetSocketAddress(to.inet(), port));
    dial.addListener(
        done -> {
          trace.note(name + " dialled " + port + " " + (done.isSuccess() ? "" : done.cause()));
          if (!done.isSuccess()) {
            exchange.failed(done.cause());
          }
        });
  }

  long count(ToLongFunction<NetStack> what) {
    var answer = stack.driver().call(what::applyAsLong);
    loop.turn();
    return answer.getNow();
  }

  // ---- in the simulation ----

  @Override
  public void receive(ByteBuf datagram, long nowNanos) {
    tunnel.receive(datagram);
  }

  @Override
  public @Nullable ByteBuf transmit(long nowNanos) {
    return tunnel.transmit();
  }

  @Override
  public long nextDeadlineNanos() {
    return loop.nextDeadlineNanos();
  }

  @Override
  public void onDeadline(long nowNanos) {
    loop.turn();
  }

  @Override
  public boolean work(long nowNanos) {
    return loop.turn();
  }

  @Override
  public void close() {
    var _ = stack.close();
    loop.turn();
    tunnel.discard();
  }
}
