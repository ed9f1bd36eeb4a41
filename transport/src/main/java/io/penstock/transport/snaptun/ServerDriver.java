package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ControlResponse;
import io.penstock.protocol.snaptun.RequestFault;
import io.penstock.protocol.snaptun.ServerAction;
import io.penstock.protocol.snaptun.ServerTunnel;
import io.penstock.protocol.snaptun.TokenOutcome;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.protocol.snaptun.TunnelStates;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.quic.QuicEnd;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Runs the server's engine of one connection: it feeds it the control streams in their order, has
/// tokens and addresses judged elsewhere, and ends the connection.
///
/// Runs on the connection's event loop, except where a method says otherwise.
final class ServerDriver<T> implements EngineLoop.Driver, ControlStream.Reader {

  private final QuicChannel channel;
  private final EventLoop loop;
  private final ServerTunnel engine;
  private final EngineLoop engineLoop;
  private final RequestQueue requests;
  private final OutsideWork<T> outside;
  private final SnapTunMetrics metrics;
  private final PacketPath path;
  private final CompletableFuture<AcceptResult<T>> accepted = new CompletableFuture<>();
  private final CompletableFuture<TunnelEnd> closed = new CompletableFuture<>();

  private volatile @Nullable T claims;
  private @Nullable T presented;
  private List<AllocationId> allocations = List.of();
  private Consumer<List<AddressRange>> onAssigned = _ -> {};
  private Runnable onRenewed = () -> {};

  ServerDriver(QuicChannel channel, OutsideWork<T> outside, SnapTunMetrics metrics) {
    this.channel = channel;
    this.outside = outside;
    this.metrics = metrics;
    loop = channel.eventLoop();
    engine = new ServerTunnel(outside.config().tunnel(), EngineLoop.nowNanos());
    engineLoop = new EngineLoop(loop, engine, this);
    requests = new RequestQueue();
    path = new PacketPath(channel, outside.config().packets(), metrics);
  }

  CompletionStage<AcceptResult<T>> start() {
    ConnectionInbox.of(channel).attach(this::streamOpened, this::tooManyBroken, path);
    QuicEnd.of(channel)
        .thenAccept(
            end -> {
              engine.connectionEnded(Ends.of(end));
              engineLoop.run();
            });
    engineLoop.run();
    return accepted.minimalCompletionStage();
  }

  // From any thread.

  CompletionStage<TunnelEnd> closed() {
    return closed.minimalCompletionStage();
  }

  TunnelStates states() {
    return engine.states();
  }

  T claims() {
    T newest = claims;
    if (newest == null) {
      throw new IllegalStateException("not established");
    }
    return newest;
  }

  void close(int code, String reason) {
    onLoop(
        () -> {
          engine.close(code, reason);
          engineLoop.run();
        });
  }

  void onAssigned(Consumer<List<AddressRange>> listener) {
    onLoop(() -> onAssigned = listener);
  }

  void onRenewed(Runnable listener) {
    onLoop(() -> onRenewed = listener);
  }

  // The control streams.

  private void tooManyBroken() {
    engine.connectionEnded(new TunnelEnd.FaultyRequest(RequestFault.READ_ERROR));
    engineLoop.run();
  }

  private void streamOpened(ControlStream stream) {
    requests.add(stream);
    nextRequest();
    engineLoop.run();
  }

  private void nextRequest() {
    if (engine.wantsRequest() && requests.open()) {
      engine.requestOpened(EngineLoop.nowNanos());
    }
    if (requests.isOpen()) {
      requests.startCurrent(this);
    }
  }

  @Override
  public void received(ByteBuf bytes) {
    engine.receive(bytes, EngineLoop.nowNanos());
    engineLoop.run();
  }

  @Override
  public void finished() {
    engine.requestFinished(EngineLoop.nowNanos());
    engineLoop.run();
  }

  @Override
  public void failed(String detail) {
    engine.requestFailed(EngineLoop.nowNanos());
    engineLoop.run();
  }

  // The engine.

  @Override
  public boolean drain() {
    boolean moved = false;
    for (ServerAction action = engine.pollAction(); action != null; action = engine.pollAction()) {
      perform(action);
      moved = true;
    }
    nextRequest();
    return moved;
  }

  private void perform(ServerAction action) {
    switch (action) {
      case ServerAction.Validate(long ticket, String token, boolean renewal) ->
          outside.validate(token, verdict -> onLoop(() -> validated(ticket, renewal, verdict)));
      case ServerAction.Allocate(long ticket, var wanted, boolean each) ->
          new AllocationRun<>(outside, path, presented(), each, grants -> allocated(ticket, grants))
              .start(wanted);
      case ServerAction.Answer(ControlResponse response) -> answer(response);
      case ServerAction.Assigned(var addresses) -> onAssigned.accept(addresses);
      case ServerAction.Close(TunnelEnd end) -> end(end);
      case ServerAction.Simple simple -> {
        switch (simple) {
          case DROP_REQUEST -> requests.drop();
          case ESTABLISHED -> established();
        }
      }
    }
  }

  private void answer(ControlResponse response) {
    metrics.countRequest();
    requests
        .answer(response.encode(channel.alloc()))
        .addListener(
            written -> {
              if (written.isSuccess()) {
                requests.answered();
                engine.answerWritten(EngineLoop.nowNanos());
              } else {
                engine.answerFailed(EngineLoop.nowNanos());
              }
              engineLoop.run();
            });
  }

  private void established() {
    metrics.countEstablished();
    accepted.complete(
        new AcceptResult.Accepted<>(
            claims(),
            new TunnelReceiver(path),
            TunnelSender.current(path, engine.states()),
            new TunnelControl<>(this)));
  }

  private void end(TunnelEnd end) {
    path.close(end);
    outside.putOnHold(allocations);
    allocations = List.of();
    if (end instanceof TunnelEnd.Refused) {
      // Once this turn's packets are out, so that a client may see the status before the close.
      loop.execute(() -> Ends.close(channel, end));
    } else {
      Ends.close(channel, end);
    }
    engineLoop.stop();
    if (accepted.complete(new AcceptResult.Refused<>(end))) {
      metrics.countRefused();
    } else {
      metrics.countClosed();
    }
    closed.complete(end);
  }

  // Outside work.

  private void validated(long ticket, boolean renewal, TokenVerdict<T> verdict) {
    T before = claims;
    TokenOutcome outcome =
        switch (verdict) {
          case TokenVerdict.Valid<T>(T said, Instant expiry) ->
              before != null && !outside.continues(before, said)
                  ? TokenOutcome.Invalid.OTHER_SESSION
                  : new TokenOutcome.Valid(millis(expiry));
          case TokenVerdict.BadSignature<T>() -> TokenOutcome.Invalid.BAD_SIGNATURE;
          case TokenVerdict.Expired<T>() -> TokenOutcome.Invalid.EXPIRED;
          case TokenVerdict.Malformed<T>(_) -> TokenOutcome.Invalid.MALFORMED;
          case TokenVerdict.Failed<T>(_) -> TokenOutcome.Invalid.FAILED;
        };
    boolean wanted =
        engine.validated(ticket, outcome, EngineLoop.nowNanos(), System.currentTimeMillis());
    if (wanted
        && outcome instanceof TokenOutcome.Valid
        && verdict instanceof TokenVerdict.Valid<T>(T said, _)) {
      presented = said;
      claims = renewal ? said : before;
    }
    engineLoop.run();
    if (wanted && renewal && outcome instanceof TokenOutcome.Valid) {
      onRenewed.run();
    }
  }

  private T presented() {
    T said = presented;
    if (said == null) {
      throw new IllegalStateException("no token was judged");
    }
    return said;
  }

  private void allocated(long ticket, AllocationRun.Grants grants) {
    if (!engine.allocated(ticket, grants.addresses(), grants.refused(), EngineLoop.nowNanos())) {
      outside.putOnHold(grants.ids());
    } else if (!grants.ids().isEmpty()) {
      List<AllocationId> before = allocations;
      allocations = grants.ids();
      outside.putOnHold(before.stream().filter(id -> !grants.ids().contains(id)).toList());
    }
    engineLoop.run();
  }

  private static long millis(Instant instant) {
    try {
      return instant.toEpochMilli();
    } catch (ArithmeticException _) {
      return instant.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  private void onLoop(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }
}
