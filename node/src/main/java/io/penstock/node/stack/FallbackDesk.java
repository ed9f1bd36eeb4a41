package io.penstock.node.stack;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.penstock.node.fallback.FallbackConfig;
import io.penstock.node.fallback.FallbackCounts;
import io.penstock.node.fallback.FallbackHandle;
import io.penstock.node.fallback.FallbackTcp;
import io.penstock.node.fallback.FallbackUdp;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.node.fallback.FlowHandler;
import io.penstock.protocol.netstack.flow.FlowArrived;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.SocketAddresses;
import io.penstock.transport.netstack.socket.StackSockets;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks the fallback handlers of a node about flows that nothing else owns.
///
/// ```
/// flow ─► within the limits? ─► handlers, one after the other, on a thread that may block
///              │ no                  │ none claims, rejects, throws, too late   │ accepts
///              ▼                     ▼                                          ▼
///            refused              refused                     answered on its first SYN
/// ```
///
/// The stack keeps an undecided flow, bounded in number, bytes and time, and refuses it by itself
/// when its time is over; an answer after that changes nothing. While no handler is registered the
/// stack keeps none.
///
/// Handlers are registered from any thread; everything else happens on the stack's event loop,
/// except the handlers.
public final class FallbackDesk {

  private static final Logger LOG = LoggerFactory.getLogger(FallbackDesk.class);

  /// What came of asking, and the channel's first handler where the flow is accepted.
  private record Verdict(Outcome outcome, Optional<ChannelHandler> accepted) {
    static Verdict refused(Outcome outcome) {
      return new Verdict(outcome, Optional.empty());
    }
  }

  /// One registered handler.
  private record Registered<H>(H handler, State state) {}

  /// Whether a handler is asked; shared between threads.
  private static final class State {
    volatile boolean closed;
  }

  /// What became of a flow.
  enum Outcome {
    ACCEPTED,
    UNCLAIMED,
    REJECTED,
    FAILED,
    LATE,
    OVER_PORT,
    OVER_ALL
  }

  private final NetStackDriver driver;
  private final Executor executor;
  private final BlockingFlows blocking;
  private final List<Registered<FallbackTcp>> tcp = new CopyOnWriteArrayList<>();
  private final List<Registered<FallbackUdp>> udp = new CopyOnWriteArrayList<>();
  private final FlowLimits limits;

  /// @param executor runs handlers, which may block
  public FallbackDesk(NetStackDriver driver, FallbackConfig config, Executor executor) {
    this.driver = driver;
    this.executor = executor;
    blocking = new BlockingFlows(new StackSockets(driver), executor);
    limits = new FlowLimits(config);
  }

  // ---- from any thread ----

  /// Asks a handler from now on, after those that were registered before.
  public FallbackHandle registerTcp(FallbackTcp handler) {
    return register(tcp, handler);
  }

  /// Asks a handler from now on, after those that were registered before.
  public FallbackHandle registerUdp(FallbackUdp handler) {
    return register(udp, handler);
  }

  private synchronized <H> FallbackHandle register(List<Registered<H>> list, H handler) {
    Registered<H> entry = new Registered<>(handler, new State());
    if (tcp.isEmpty() && udp.isEmpty()) {
      driver.onFlow(this::arrived);
    }
    list.add(entry);
    return () -> deregister(list, entry);
  }

  private synchronized <H> void deregister(List<Registered<H>> list, Registered<H> entry) {
    entry.state().closed = true;
    if (list.remove(entry) && tcp.isEmpty() && udp.isEmpty()) {
      driver.refuseFlows();
    }
  }

  /// What has become of the flows so far.
  public FallbackCounts counts() {
    return limits.counts();
  }

  // ---- on the event loop ----

  private void arrived(FlowArrived flow) {
    boolean isTcp = flow.protocol() == IpProtocol.TCP;
    int port = flow.destination().port();
    Optional<Outcome> over = limits.enter(isTcp, port);
    if (over.isPresent()) {
      refuse(flow, over.get());
      return;
    }
    try {
      executor.execute(
          () -> {
            Verdict verdict = Verdict.refused(Outcome.FAILED);
            try {
              verdict = isTcp ? askTcp(flow) : askUdp(flow);
            } finally {
              Verdict last = verdict;
              onLoop(() -> decided(flow, last));
            }
          });
    } catch (RejectedExecutionException _) {
      limits.leave(isTcp, port);
      refuse(flow, Outcome.FAILED);
    }
  }

  private void decided(FlowArrived flow, Verdict verdict) {
    boolean isTcp = flow.protocol() == IpProtocol.TCP;
    int port = flow.destination().port();
    if (verdict.accepted().isEmpty()) {
      limits.leave(isTcp, port);
      refuse(flow, verdict.outcome());
      return;
    }
    Optional<Channel> channel = driver.accept(flow, verdict.accepted().get());
    if (channel.isEmpty()) {
      limits.leave(isTcp, port);
      limits.count(Outcome.LATE);
      return;
    }
    limits.count(Outcome.ACCEPTED);
    channel.get().closeFuture().addListener(_ -> limits.leave(isTcp, port));
  }

  private void refuse(FlowArrived flow, Outcome outcome) {
    limits.count(outcome);
    driver.refuse(flow);
  }

  private void onLoop(Runnable task) {
    try {
      driver.eventLoop().execute(task);
    } catch (RejectedExecutionException _) {
      // The node has been closed meanwhile, and its flows with it.
    }
  }

  // ---- on the executor ----

  private Verdict askTcp(FlowArrived flow) {
    InetSocketAddress source = SocketAddresses.of(flow.source());
    InetSocketAddress destination = SocketAddresses.of(flow.destination());
    for (Registered<FallbackTcp> each : tcp) {
      if (each.state().closed) {
        continue;
      }
      try {
        Optional<Verdict> claim =
            claim(each.state(), each.handler().decide(source, destination), blocking::tcp);
        if (claim.isPresent()) {
          return claim.get();
        }
      } catch (Exception e) {
        return failed(flow, e);
      }
    }
    return Verdict.refused(Outcome.UNCLAIMED);
  }

  private Verdict askUdp(FlowArrived flow) {
    InetSocketAddress source = SocketAddresses.of(flow.source());
    InetSocketAddress destination = SocketAddresses.of(flow.destination());
    for (Registered<FallbackUdp> each : udp) {
      if (each.state().closed) {
        continue;
      }
      try {
        Optional<Verdict> claim =
            claim(each.state(), each.handler().decide(source, destination), blocking::udp);
        if (claim.isPresent()) {
          return claim.get();
        }
      } catch (Exception e) {
        return failed(flow, e);
      }
    }
    return Verdict.refused(Outcome.UNCLAIMED);
  }

  private static <S> Optional<Verdict> claim(
      State state, FlowAnswer<S> answer, Function<FlowHandler<S>, ChannelHandler> blocking) {
    if (state.closed && !(answer instanceof FlowAnswer.Decline<S>)) {
      return Optional.of(Verdict.refused(Outcome.FAILED));
    }
    return switch (answer) {
      case FlowAnswer.Decline<S> _ -> Optional.empty();
      case FlowAnswer.Reject<S> _ -> Optional.of(Verdict.refused(Outcome.REJECTED));
      case FlowAnswer.Accept<S>(var handler) ->
          Optional.of(new Verdict(Outcome.ACCEPTED, Optional.of(blocking.apply(handler))));
      case FlowAnswer.AcceptChannel<S>(var handler) ->
          Optional.of(new Verdict(Outcome.ACCEPTED, Optional.of(handler)));
    };
  }

  private static Verdict failed(FlowArrived flow, Exception failure) {
    LOG.warn(
        "a fallback handler failed, the flow is refused source={} destination={}",
        flow.source(),
        flow.destination(),
        failure);
    return Verdict.refused(Outcome.FAILED);
  }
}
