package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.handler.codec.quic.QuicTransportParameters;
import io.netty.util.concurrent.Future;
import io.penstock.protocol.CloseReason;
import io.penstock.protocol.Engine;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ClientAction;
import io.penstock.protocol.snaptun.ClientTunnel;
import io.penstock.protocol.snaptun.CloseCode;
import io.penstock.protocol.snaptun.ControlRequest;
import io.penstock.protocol.snaptun.Refusal;
import io.penstock.protocol.snaptun.RenewalEnd;
import io.penstock.protocol.snaptun.RequestFault;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.protocol.snaptun.TunnelStates;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.quic.QuicEnd;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs the client's engine of one connection: it opens a stream for each request, fetches tokens
/// elsewhere, and ends the connection.
///
/// Runs on the connection's event loop, except where a method says otherwise.
final class ClientDriver implements EngineLoop.Driver {

  private static final Logger LOG = LoggerFactory.getLogger(ClientDriver.class);

  private final QuicChannel channel;
  private final EventLoop loop;
  private final ClientTunnel engine;
  private final EngineLoop engineLoop;
  private final TokenFetch tokens;
  private final SnapTunMetrics metrics;
  private final PacketPath path;
  private final CompletableFuture<ConnectResult> connected = new CompletableFuture<>();
  private final CompletableFuture<TunnelEnd> closed = new CompletableFuture<>();
  private final CompletableFuture<RenewalEnd> renewalEnded = new CompletableFuture<>();
  private final Map<Long, CompletableFuture<CommandResult>> commands = new HashMap<>(4);

  private @Nullable Exchange exchange;
  private volatile List<Refusal> refused = List.of();
  private Consumer<List<AddressRange>> onAssigned = _ -> {};

  ClientDriver(
      QuicChannel channel,
      SnapTunClientConfig config,
      TokenFetch tokens,
      SnapTunMetrics metrics,
      List<AddressRange> wanted) {
    this.channel = channel;
    this.tokens = tokens;
    this.metrics = metrics;
    loop = channel.eventLoop();
    engine =
        new ClientTunnel(
            config.tunnel().withPeerIdleTimeout(peerIdleTimeout(channel)),
            wanted,
            EngineLoop.nowNanos());
    path = new PacketPath(channel, config.packets(), metrics);
    engineLoop = new EngineLoop(loop, new Timed(engine, path), this);
  }

  CompletionStage<ConnectResult> start() {
    ConnectionInbox.of(channel).attach(ControlStream::drop, this::tooManyBroken, path);
    QuicEnd.of(channel)
        .thenAccept(
            end -> {
              engine.connectionEnded(Ends.of(end));
              engineLoop.run();
            });
    engineLoop.run();
    return connected.minimalCompletionStage();
  }

  /// What the server said in the handshake; zero stands for none, as on the wire.
  private static Duration peerIdleTimeout(QuicChannel channel) {
    QuicTransportParameters peer = channel.peerTransportParameters();
    return peer == null ? Duration.ZERO : Duration.ofMillis(Math.max(0, peer.maxIdleTimeout()));
  }

  // From any thread.

  CompletionStage<TunnelEnd> closed() {
    return closed.minimalCompletionStage();
  }

  CompletionStage<RenewalEnd> renewalEnded() {
    return renewalEnded.minimalCompletionStage();
  }

  TunnelStates states() {
    return engine.states();
  }

  List<Refusal> refused() {
    return refused;
  }

  void close(int code, String reason) {
    onLoop(
        () -> {
          engine.close(code, reason);
          engineLoop.run();
        });
  }

  CompletionStage<CommandResult> renew() {
    return command(() -> engine.renew(EngineLoop.nowNanos()));
  }

  CompletionStage<CommandResult> assign(List<AddressRange> wanted) {
    return command(() -> engine.assign(wanted, EngineLoop.nowNanos()));
  }

  void onAssigned(Consumer<List<AddressRange>> listener) {
    onLoop(() -> onAssigned = listener);
  }

  private void tooManyBroken() {
    engine.close(CloseCode.INTERNAL_ERROR.code(), RequestFault.READ_ERROR.peerText());
    engineLoop.run();
  }

  private CompletionStage<CommandResult> command(LongSupplier start) {
    CompletableFuture<CommandResult> result = new CompletableFuture<>();
    onLoop(
        () -> {
          if (closed.isDone()) {
            result.complete(new CommandResult.Failed(closed.join()));
            return;
          }
          try {
            commands.put(start.getAsLong(), result);
          } catch (IllegalStateException | IllegalArgumentException e) {
            result.completeExceptionally(e);
          }
          engineLoop.run();
        });
    return result.minimalCompletionStage();
  }

  // The engine.

  @Override
  public boolean drain() {
    boolean moved = false;
    for (ClientAction action = engine.pollAction(); action != null; action = engine.pollAction()) {
      perform(action);
      moved = true;
    }
    return moved;
  }

  private void perform(ClientAction action) {
    switch (action) {
      case ClientAction.FetchToken(long ticket) -> fetchToken(ticket);
      case ClientAction.Send(ControlRequest request) -> send(request);
      case ClientAction.DropRequest _ -> dropExchange();
      case ClientAction.Established() -> established();
      case ClientAction.Assigned(var addresses, var left) -> {
        refused = left;
        onAssigned.accept(addresses);
      }
      case ClientAction.Done(long ticket) -> told(ticket, CommandResult.Done.DONE);
      case ClientAction.Failed(long ticket, CloseReason fault) ->
          told(ticket, new CommandResult.Failed(fault));
      case ClientAction.RenewalFailed(int failures, CloseReason fault) ->
          LOG.warn("session not renewed failures={} cause=\"{}\"", failures, fault.logText());
      case ClientAction.RenewalEnded(RenewalEnd end) -> {
        LOG.warn("session is no longer renewed: {}", end.logText());
        renewalEnded.complete(end);
      }
      case ClientAction.Close(TunnelEnd end) -> end(end);
    }
  }

  private void fetchToken(long ticket) {
    tokens.fetch(
        token ->
            loop.execute(
                () -> {
                  engine.tokenFetched(ticket, token, EngineLoop.nowNanos());
                  engineLoop.run();
                }),
        why ->
            loop.execute(
                () -> {
                  engine.tokenFailed(ticket, why, EngineLoop.nowNanos());
                  engineLoop.run();
                }));
  }

  private void send(ControlRequest request) {
    dropExchange();
    Exchange opened = new Exchange();
    exchange = opened;
    ChannelInitializer<QuicStreamChannel> initializer =
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(QuicStreamChannel stream) {
            ControlStream control = new ControlStream(stream);
            stream.pipeline().addLast(control);
            opened.stream = control;
          }
        };
    Future<QuicStreamChannel> stream =
        channel.createStream(QuicStreamType.BIDIRECTIONAL, initializer);
    stream.addListener(
        _ -> {
          ControlStream control = opened.stream;
          if (!stream.isSuccess() || control == null) {
            opened.failed(String.valueOf(stream.cause()));
          } else if (exchange != opened) {
            control.drop();
          } else {
            control.start(opened);
            control
                .writeLast(request.encode(channel.alloc()))
                .addListener(
                    written -> {
                      if (!written.isSuccess()) {
                        opened.failed(String.valueOf(written.cause()));
                      }
                    });
          }
        });
  }

  private void dropExchange() {
    Exchange before = exchange;
    exchange = null;
    if (before != null && before.stream != null) {
      before.stream.drop();
    }
  }

  private void established() {
    metrics.countEstablished();
    connected.complete(
        new ConnectResult.Connected(
            new TunnelReceiver(path),
            TunnelSender.current(path, engine.states()),
            new ClientControl(this)));
  }

  private void told(long ticket, CommandResult result) {
    CompletableFuture<CommandResult> command = commands.remove(ticket);
    if (command != null) {
      command.complete(result);
    }
  }

  private void end(TunnelEnd end) {
    path.close(end);
    tokens.cancel();
    exchange = null;
    Ends.close(channel, end);
    engineLoop.stop();
    if (connected.complete(new ConnectResult.Refused(end))) {
      metrics.countRefused();
    } else {
      metrics.countClosed();
    }
    closed.complete(end);
  }

  private void onLoop(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /// One request and its response; what comes for an older one than the current is ignored.
  private final class Exchange implements ControlStream.Reader {

    private @Nullable ControlStream stream;

    @Override
    public void received(ByteBuf bytes) {
      if (exchange == this) {
        engine.receive(bytes, EngineLoop.nowNanos());
        engineLoop.run();
      } else {
        bytes.release();
      }
    }

    @Override
    public void finished() {
      if (exchange == this) {
        metrics.countRequest();
        exchange = null;
        if (stream != null) {
          stream.discard();
        }
        engine.responseFinished(EngineLoop.nowNanos(), System.currentTimeMillis());
        engineLoop.run();
      }
    }

    @Override
    public void failed(String detail) {
      if (exchange == this) {
        exchange = null;
        engine.requestFailed(detail, EngineLoop.nowNanos());
        engineLoop.run();
      }
    }
  }

  /// The engine, told of the traffic before it decides whether the tunnel is idle.
  private record Timed(ClientTunnel engine, PacketPath path) implements Engine {

    @Override
    public long nextDeadlineNanos() {
      return engine.nextDeadlineNanos();
    }

    @Override
    public void onDeadline(long nowNanos) {
      engine.noteTraffic(path.packets());
      engine.onDeadline(nowNanos);
    }
  }
}
