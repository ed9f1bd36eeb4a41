package io.penstock.gateway.overlay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.api.IpAddress;
import io.penstock.gateway.overlay.router.Attached;
import io.penstock.gateway.overlay.router.LeasedAddress;
import io.penstock.gateway.overlay.router.NodeTunnel;
import io.penstock.gateway.overlay.router.TunnelPort;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.overlay.session.NodeClaims;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.Refusal;
import io.penstock.protocol.snaptun.ServerAction;
import io.penstock.protocol.snaptun.ServerTunnel;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.protocol.snaptun.TokenOutcome;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.protocol.snaptun.TunnelState;
import io.penstock.testkit.VirtualLoop;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.snaptun.Allocation;
import io.penstock.transport.snaptun.AllocationId;
import io.penstock.transport.snaptun.TokenVerdict;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One tunnel of a [VirtualGateway]: the server's engine, the leases that it was granted, and the
/// router behind it.
///
/// A connection of which nothing is heard for QUIC's idle timeout is lost.
final class VirtualTunnel implements TunnelPort, LiveTunnels.Tunnel {

  private static final long IDLE_NANOS = QuicConfig.DEFAULT_IDLE_TIMEOUT.toNanos();
  private static final int SESSION_ENDED = 4;

  /// One packet in so many finds no room, for so long.
  private static final int FULL_ONE_IN = 200;

  private static final long FULL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final GatewayRun run;
  private final GatewayEnd end;
  private final VirtualLoop loop;
  private final long connection;
  private final ServerTunnel engine;
  private final EngineLoop engineLoop;
  private final ScheduledFuture<?> idleCheck;
  private final List<AllocationId> allocations = new ArrayList<>();
  private long heardNanos;
  private long acknowledgedNanos;
  private long request;
  private byte[] answer = new byte[0];
  private @Nullable TunnelSession session;
  private @Nullable TunnelSession presented;
  private @Nullable Attached attached;
  private Runnable onRoom = () -> {};
  private boolean ended;

  VirtualTunnel(GatewayRun run, GatewayEnd end, VirtualLoop loop, long connection) {
    this.run = run;
    this.end = end;
    this.loop = loop;
    this.connection = connection;
    heardNanos = now();
    acknowledgedNanos = now();
    engine = new ServerTunnel(ServerTunnelConfig.builder().build(), now());
    engineLoop = new EngineLoop(loop, engine, this::drain);
    idleCheck =
        loop.scheduleAtFixedRate(
            this::checkIdle, IDLE_NANOS / 8, IDLE_NANOS / 8, TimeUnit.NANOSECONDS);
    engineLoop.run();
  }

  private long now() {
    return EngineLoop.nowNanos(loop);
  }

  long connection() {
    return connection;
  }

  // ---- the link ----

  /// Takes a frame, and owns its body.
  void receive(TunnelFrame frame) {
    heardNanos = now();
    ByteBuf body = frame.body();
    switch (frame.kind()) {
      case PACKET -> packet(body);
      case ACKNOWLEDGEMENT -> body.release();
      case REQUEST -> request(frame.number(), body);
      case CLOSE -> {
        String reason = body.toString(StandardCharsets.UTF_8);
        body.release();
        engine.connectionEnded(new TunnelEnd.PeerClosed(frame.number(), reason));
      }
      case ANSWER -> throw new IllegalStateException("a node answers nothing");
    }
    engineLoop.run();
  }

  private void packet(ByteBuf packet) {
    if (now() - acknowledgedNanos >= TunnelFrame.ACKNOWLEDGE_NANOS) {
      acknowledgedNanos = now();
      end.send(TunnelFrame.acknowledgement(connection));
    }
    if (attached == null) {
      packet.release();
    } else {
      attached.receive(packet);
    }
  }

  /// A request that was given up by the node leaves a gap in the numbers.
  private void request(long number, ByteBuf body) {
    if (number > request && engine.wantsRequest()) {
      request = number;
      answer = new byte[0];
      engine.requestOpened(now());
      engine.receive(body, now());
      engine.requestFinished(now());
      return;
    }
    body.release();
    if (number == request && answer.length > 0) {
      sendAnswer();
    }
  }

  private void sendAnswer() {
    end.send(
        new TunnelFrame(
            TunnelFrame.Kind.ANSWER, connection, request, Unpooled.wrappedBuffer(answer)));
  }

  private void checkIdle() {
    if (now() - heardNanos >= IDLE_NANOS) {
      engine.connectionEnded(new TunnelEnd.ConnectionLost("idle"));
      engineLoop.run();
    }
  }

  // ---- the engine ----

  private boolean drain() {
    boolean moved = false;
    for (ServerAction action = engine.pollAction(); action != null; action = engine.pollAction()) {
      perform(action);
      moved = true;
    }
    return moved;
  }

  private void perform(ServerAction action) {
    switch (action) {
      case ServerAction.Validate(long ticket, String token, boolean renewal) ->
          run.outside(() -> validated(ticket, renewal, validate(token)));
      case ServerAction.Allocate(long ticket, var wanted, boolean each) ->
          run.outside(() -> allocate(ticket, wanted, each));
      case ServerAction.Answer(var response) -> {
        ByteBuf bytes = response.encode(allocator());
        answer = ByteBufUtil.getBytes(bytes);
        bytes.release();
        sendAnswer();
        engine.answerWritten(now());
      }
      case ServerAction.Assigned(var addresses) -> {
        if (attached != null) {
          attached.reassign(leased(addresses));
        }
      }
      case ServerAction.Close(TunnelEnd why) -> end(why);
      case ServerAction.Simple simple -> {
        if (simple == ServerAction.Simple.ESTABLISHED) {
          established();
        }
      }
    }
  }

  private static ByteBufAllocator allocator() {
    return PooledByteBufAllocator.DEFAULT;
  }

  private TokenVerdict<TunnelSession> validate(String token) {
    return run.validator().validate(token, run.clock().instant());
  }

  private void validated(long ticket, boolean renewal, TokenVerdict<TunnelSession> verdict) {
    TunnelSession before = session;
    TunnelSession said = null;
    TokenOutcome outcome = TokenOutcome.Invalid.BAD_SIGNATURE;
    if (verdict instanceof TokenVerdict.Valid<TunnelSession>(var claims, var expiry)) {
      said = claims;
      outcome =
          before == null || run.validator().continues(before, claims)
              ? new TokenOutcome.Valid(expiry.toEpochMilli())
              : TokenOutcome.Invalid.OTHER_SESSION;
    }
    if (engine.validated(ticket, outcome, now(), run.clock().millis())
        && outcome instanceof TokenOutcome.Valid) {
      presented = said;
      session = renewal ? said : before;
    }
    engineLoop.run();
  }

  private void allocate(long ticket, List<AddressRange> wanted, boolean each) {
    List<AllocationId> ids = new ArrayList<>();
    List<AddressRange> granted = new ArrayList<>();
    List<Refusal> refused = new ArrayList<>();
    for (int i = 0; i < wanted.size() && (each || ids.isEmpty()); i++) {
      switch (run.allocator().allocate(presented(), wanted.get(i))) {
        case Allocation.Granted(AllocationId id, AddressRange address) -> {
          ids.add(id);
          granted.add(address);
        }
        case Allocation.Refused(_, String why) -> refused.add(new Refusal(i, why));
      }
    }
    if (engine.allocated(ticket, granted, refused, now())) {
      allocations.addAll(ids);
    } else {
      ids.forEach(run.allocator()::putOnHold);
    }
    engineLoop.run();
  }

  private TunnelSession presented() {
    return Optional.ofNullable(presented).orElseThrow();
  }

  private void established() {
    TunnelState.Assigned state = (TunnelState.Assigned) engine.states().current().state();
    Attached joined =
        run.router()
            .attach(
                new NodeTunnel(
                    claims().node(),
                    "",
                    claims().user(),
                    NodeTunnel.Kind.NODE,
                    leased(state.addresses()),
                    this));
    if (joined.isCurrent()) {
      attached = joined;
      run.tunnels().add(this);
    } else {
      joined.detach();
      end(LiveTunnels.EndCause.REPLACED);
    }
  }

  private List<LeasedAddress> leased(List<AddressRange> addresses) {
    TunnelSession granted = Optional.ofNullable(session).orElseThrow();
    return addresses.stream()
        .map(each -> granted.lease(IpAddress.of(each.addressBytes())))
        .flatMap(Optional::stream)
        .map(lease -> new LeasedAddress(lease.address().inet(), lease.generation()))
        .toList();
  }

  private void end(TunnelEnd why) {
    if (!(why instanceof TunnelEnd.PeerClosed || why instanceof TunnelEnd.ConnectionLost)) {
      ByteBuf words = Unpooled.copiedBuffer(why.peerText(), StandardCharsets.UTF_8);
      end.send(new TunnelFrame(TunnelFrame.Kind.CLOSE, connection, why.closeCode(), words));
    }
    List<AllocationId> held = List.copyOf(allocations);
    run.outside(() -> held.forEach(run.allocator()::putOnHold));
    if (attached != null) {
      attached.detach();
      run.tunnels().remove(this);
    }
    vanish();
    end.ended(this);
  }

  /// Stops where it is.
  void vanish() {
    ended = true;
    idleCheck.cancel(false);
    engineLoop.stop();
  }

  // ---- for the router ----

  @Override
  public Executor loop() {
    return loop;
  }

  @Override
  public boolean inLoop() {
    return loop.inEventLoop();
  }

  @Override
  public int maxPayloadBytes() {
    return GatewayRun.MTU_BYTES;
  }

  @Override
  public Sent send(ByteBuf packet) {
    if (ended) {
      packet.release();
      return Sent.CLOSED;
    }
    if (run.random().nextInt(FULL_ONE_IN) == 0) {
      loop.schedule(() -> onRoom.run(), FULL_NANOS, TimeUnit.NANOSECONDS);
      return Sent.FULL;
    }
    end.send(new TunnelFrame(TunnelFrame.Kind.PACKET, connection, 0, packet));
    return Sent.SENT;
  }

  /// Frames leave when the network fetches them.
  @Override
  public void flush() {}

  @Override
  public void displaced() {
    end(LiveTunnels.EndCause.DISPLACED);
  }

  @Override
  public void onRoom(Runnable drained) {
    onRoom = drained;
  }

  // ---- for whoever ends it ----

  @Override
  public NodeClaims claims() {
    return Optional.ofNullable(session).orElseThrow().claims();
  }

  @Override
  public void end(LiveTunnels.EndCause cause) {
    engine.close(SESSION_ENDED, cause.text());
    engineLoop.run();
  }
}
