package io.penstock.node.stack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.api.IpAddress;
import io.penstock.api.OverlayNetwork;
import io.penstock.node.fallback.FallbackConfig;
import io.penstock.node.peer.PeerBook;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.flow.PendingFlowsConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.testkit.SimulatedEndpoint;
import io.penstock.testkit.SimulatedNetwork;
import io.penstock.testkit.VirtualLoop;
import io.penstock.transport.netstack.Link;
import io.penstock.transport.netstack.LinkReceiver;
import io.penstock.transport.netstack.NetStackDriver;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// A node's stack at one end of a simulated link, in virtual time: its event loop, and the threads
/// of its handlers, are the thread of the test.
final class VirtualNode implements SimulatedEndpoint, Link, AutoCloseable {

  private static final int MTU_BYTES = 1280;

  private final VirtualLoop loop;
  private final ArrayDeque<ByteBuf> out = new ArrayDeque<>();
  private final ArrayDeque<Runnable> handlers = new ArrayDeque<>();
  private final OwnAddresses addresses;
  private boolean handlersRun = true;
  private @Nullable LinkReceiver receiver;

  final PeerBook peers;
  final NodeStack stack;
  final FallbackDesk fallback;

  VirtualNode(SimulatedNetwork network, FallbackConfig limits, String... own) {
    loop = new VirtualLoop(network);
    addresses = new OwnAddresses(Optional::<OverlayNetwork>empty);
    peers = new PeerBook(network::nowNanos);
    NetStackConfig config =
        NetStackConfig.builder()
            .destinations(NetStackConfig.Destinations.ANY_FOR_FLOWS)
            .pendingFlows(
                new PendingFlowsConfig(
                    limits.maxFlows(),
                    limits.maxFlowsPerPort(),
                    PendingFlowsConfig.DEFAULT_MAX_SYN_BYTES,
                    PendingFlowsConfig.DEFAULT_MAX_DATAGRAM_BYTES,
                    (int) limits.decisionLimit().toMillis()))
            .build();
    stack =
        NodeStack.on(NetStackDriver.start(this, config), addresses, peers, "node", Optional::empty);
    fallback = new FallbackDesk(stack.driver(), limits, handlers::add);
    assign(own);
    loop.turn();
  }

  /// Gives the node these addresses in place of those that it has.
  void assign(String... own) {
    addresses.assigned(List.of(own).stream().map(IpAddress::parse).toList());
  }

  /// Whether the handlers' threads go on; while they do not, what they have to do waits.
  void runHandlers(boolean run) {
    handlersRun = run;
  }

  /// Asks the stack something.
  <T> T ask(Function<NetStack, T> question) {
    var answer = stack.driver().call(question);
    loop.turn();
    return answer.getNow();
  }

  long count(ToLongFunction<NetStack> what) {
    return ask(what::applyAsLong);
  }

  /// The link was away, and is back.
  void linkUp() {
    LinkReceiver to = receiver;
    if (to != null) {
      to.linkUp();
      to.writable();
    }
  }

  // ---- the node at its link ----

  @Override
  public EventLoop eventLoop() {
    return loop;
  }

  @Override
  public LinkTraits traits() {
    return LinkTraits.plain(MTU_BYTES);
  }

  @Override
  public void start(LinkReceiver to) {
    receiver = to;
  }

  @Override
  public boolean isWritable() {
    return receiver != null;
  }

  @Override
  public void send(ByteBuf packet, int segmentBytes) {
    out.add(packet);
  }

  @Override
  public void flush() {}

  // ---- the node in the simulation ----

  @Override
  public void receive(ByteBuf datagram, long nowNanos) {
    LinkReceiver to = receiver;
    if (to == null) {
      datagram.release();
      return;
    }
    to.packet(datagram, false);
    to.batchEnd();
  }

  @Override
  public @Nullable ByteBuf transmit(long nowNanos) {
    return out.poll();
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
    boolean worked = loop.turn();
    while (handlersRun && !handlers.isEmpty()) {
      handlers.remove().run();
      worked = true;
    }
    return worked;
  }

  /// Ends the node; the link's part of closing.
  @Override
  public void close() {
    if (receiver != null) {
      receiver = null;
      var _ = stack.close();
      loop.turn();
      out.forEach(ByteBuf::release);
      out.clear();
    }
  }
}
