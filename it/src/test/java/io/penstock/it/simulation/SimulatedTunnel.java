package io.penstock.it.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import io.penstock.api.IpAddress;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.overlay.TunnelFrame;
import io.penstock.node.retry.Backoff;
import io.penstock.node.tunnel.PacketLink;
import io.penstock.node.tunnel.Sent;
import io.penstock.node.tunnel.TunnelStatus;
import io.penstock.protocol.Engine;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ClientAction;
import io.penstock.protocol.snaptun.ClientTunnel;
import io.penstock.protocol.snaptun.ClientTunnelConfig;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.protocol.snaptun.TunnelState;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.VirtualLoop;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.quic.QuicConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A node's end of its tunnel over a simulated link, with all reconnects: the client's engine,
/// where a frame of the link stands for what QUIC would carry.
///
/// ```
///   WAITING ──back-off──► JOINING ──addresses──► UP
///      ▲                     │ refused, too late   │ silence, closed by the gateway
///      └─────────────────────┴─────────────────────┘
/// ```
///
/// A request is repeated until it is answered. A connection of which nothing is heard for QUIC's
/// idle timeout is lost.
final class SimulatedTunnel implements PacketLink {

  private static final int MTU_BYTES = 1280;
  private static final long REPEAT_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
  private static final long IDLE_NANOS = QuicConfig.DEFAULT_IDLE_TIMEOUT.toNanos();
  private static final long MAX_FETCH_NANOS = TimeUnit.MILLISECONDS.toNanos(80);
  private static final Duration BACKOFF_LEAST = Duration.ofMillis(200);
  private static final Duration BACKOFF_MOST = Duration.ofSeconds(10);

  /// One packet in so many finds no room, for so long.
  private static final int FULL_ONE_IN = 200;

  private static final long FULL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private static final long ISD_AS = OverlaySettings.DEFAULT_ISD_AS.toLong();
  private static final List<AddressRange> ANY =
      List.of(AddressRange.ipv4(ISD_AS, 0), AddressRange.ipv6(ISD_AS, 0, 0));

  private enum State {
    WAITING,
    JOINING,
    UP
  }

  /// Where session tokens come from.
  interface Sessions {
    String token() throws Exception;
  }

  /// What a tunnel is given.
  ///
  /// @param clock the time of day
  /// @param notes is told what happens to the tunnel
  record Surroundings(
      VirtualLoop loop,
      InstantSource clock,
      SeededRandom random,
      Sessions sessions,
      Consumer<String> notes) {}

  private final Surroundings around;
  private final VirtualLoop loop;
  private final SeededRandom random;
  private final Backoff backoff;
  private final ArrayDeque<ByteBuf> out = new ArrayDeque<>();
  private State state = State.WAITING;
  private TunnelStatus status = new TunnelStatus.Connecting();
  private long connection;
  private @Nullable ClientTunnel engine;
  private @Nullable EngineLoop engineLoop;
  private long heardNanos;
  private long acknowledgedNanos;
  private long packets;
  private long exchange;
  private byte[] request = new byte[0];
  private Consumer<ByteBuf> onPacket = ReferenceCountUtil::release;
  private Runnable onRoom = () -> {};
  private Consumer<TunnelStatus> onStatus = _ -> {};

  SimulatedTunnel(Surroundings around) {
    this.around = around;
    loop = around.loop;
    random = around.random;
    backoff = new Backoff(BACKOFF_LEAST, BACKOFF_MOST, () -> random.between(0, 999) / 1000.0);
    loop.execute(this::connect);
  }

  private long now() {
    return EngineLoop.nowNanos(loop);
  }

  // ---- for the stack ----

  @Override
  public EventLoop eventLoop() {
    return loop;
  }

  @Override
  public void onPacket(Consumer<ByteBuf> consumer) {
    onPacket = consumer;
  }

  @Override
  public void onRoom(Runnable listener) {
    onRoom = listener;
  }

  @Override
  public void onStatus(Consumer<TunnelStatus> consumer) {
    loop.execute(
        () -> {
          onStatus = consumer;
          consumer.accept(status);
        });
  }

  @Override
  public int mtu() {
    return state == State.UP ? MTU_BYTES : 0;
  }

  @Override
  public Sent send(ByteBuf packet) {
    if (state != State.UP) {
      packet.release();
      return Sent.NOT_CONNECTED;
    }
    if (random.between(1, FULL_ONE_IN) == 1) {
      loop.schedule(() -> onRoom.run(), FULL_NANOS, TimeUnit.NANOSECONDS);
      return Sent.FULL;
    }
    packets++;
    send(new TunnelFrame(TunnelFrame.Kind.PACKET, connection, 0, packet));
    return Sent.SENT;
  }

  // ---- the link ----

  TunnelStatus status() {
    return status;
  }

  boolean isUp() {
    return state == State.UP;
  }

  /// How many connections there have been.
  long connections() {
    return connection;
  }

  /// The next frame for the link, null when there is none.
  @Nullable ByteBuf transmit() {
    return out.poll();
  }

  private void send(TunnelFrame frame) {
    out.add(frame.encode());
  }

  /// Takes a frame.
  void receive(ByteBuf datagram) {
    TunnelFrame frame = TunnelFrame.decode(datagram);
    ClientTunnel to = engine;
    EngineLoop toLoop = engineLoop;
    if (to == null || toLoop == null || frame.connection() != connection) {
      datagram.release();
      return;
    }
    heardNanos = now();
    switch (frame.kind()) {
      case PACKET -> {
        packets++;
        acknowledge();
        onPacket.accept(datagram);
      }
      case ACKNOWLEDGEMENT -> datagram.release();
      case ANSWER -> answered(to, frame);
      case CLOSE -> {
        String reason = datagram.toString(StandardCharsets.UTF_8);
        datagram.release();
        to.connectionEnded(new TunnelEnd.PeerClosed(frame.number(), reason));
      }
      case REQUEST -> throw new IllegalStateException("a gateway asks nothing");
    }
    toLoop.run();
  }

  private void acknowledge() {
    if (now() - acknowledgedNanos >= TunnelFrame.ACKNOWLEDGE_NANOS) {
      acknowledgedNanos = now();
      send(TunnelFrame.acknowledgement(connection));
    }
  }

  private void answered(ClientTunnel to, TunnelFrame answer) {
    if (answer.number() != exchange || request.length == 0) {
      answer.body().release();
      return;
    }
    request = new byte[0];
    random.split(answer.body()).forEach(piece -> to.receive(piece, now()));
    to.responseFinished(now(), around.clock.millis());
  }

  // ---- the engine ----

  private void connect() {
    state = State.JOINING;
    connection++;
    exchange = 0;
    request = new byte[0];
    heardNanos = now();
    tell(new TunnelStatus.Connecting());
    ClientTunnel begun = new ClientTunnel(ClientTunnelConfig.builder().build(), ANY, now());
    EngineLoop run = new EngineLoop(loop, new Timed(begun), () -> drain(begun));
    engine = begun;
    engineLoop = run;
    loop.schedule(() -> checkIdle(begun), IDLE_NANOS, TimeUnit.NANOSECONDS);
    run.run();
  }

  private void checkIdle(ClientTunnel of) {
    EngineLoop run = engineLoop;
    if (engine != of || run == null) {
      return;
    }
    long left = heardNanos + IDLE_NANOS - now();
    if (left > 0) {
      loop.schedule(() -> checkIdle(of), left, TimeUnit.NANOSECONDS);
      return;
    }
    of.connectionEnded(new TunnelEnd.ConnectionLost("idle"));
    run.run();
  }

  private boolean drain(ClientTunnel of) {
    boolean moved = false;
    for (ClientAction action = of.pollAction(); action != null; action = of.pollAction()) {
      perform(of, action);
      moved = true;
    }
    return moved;
  }

  private void perform(ClientTunnel of, ClientAction action) {
    switch (action) {
      case ClientAction.FetchToken(long ticket) ->
          loop.schedule(
              () -> fetch(of, ticket),
              random.between(1, (int) MAX_FETCH_NANOS),
              TimeUnit.NANOSECONDS);
      case ClientAction.Send(var asked) -> {
        ByteBuf bytes = asked.encode(PooledByteBufAllocator.DEFAULT);
        request = ByteBufUtil.getBytes(bytes);
        bytes.release();
        exchange++;
        sendRequest(of, exchange);
      }
      case ClientAction.DropRequest _ -> request = new byte[0];
      case ClientAction.Established() -> {
        state = State.UP;
        backoff.reset();
        tellAddresses(of);
      }
      case ClientAction.Assigned _ -> {
        if (state == State.UP) {
          tellAddresses(of);
        }
      }
      case ClientAction.Close(TunnelEnd end) -> lost(end);
      case ClientAction.Done _,
          ClientAction.Failed _,
          ClientAction.RenewalFailed _,
          ClientAction.RenewalEnded _ -> {
        // The session may end then, which the gateway says.
      }
    }
  }

  private void fetch(ClientTunnel of, long ticket) {
    EngineLoop run = engineLoop;
    if (engine != of || run == null) {
      return;
    }
    try {
      of.tokenFetched(ticket, around.sessions.token(), now());
    } catch (Exception e) {
      of.tokenFailed(ticket, String.valueOf(e.getMessage()), now());
    }
    run.run();
  }

  private void sendRequest(ClientTunnel of, long number) {
    if (engine == of && exchange == number && request.length > 0) {
      send(
          new TunnelFrame(
              TunnelFrame.Kind.REQUEST, connection, number, Unpooled.wrappedBuffer(request)));
      loop.schedule(() -> sendRequest(of, number), REPEAT_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  private void tellAddresses(ClientTunnel of) {
    if (of.states().current().state() instanceof TunnelState.Assigned(_, var addresses)) {
      List<IpAddress> own = new ArrayList<>();
      addresses.forEach(range -> own.add(IpAddress.of(range.addressBytes())));
      tell(new TunnelStatus.Connected(own, MTU_BYTES));
    }
  }

  private void lost(TunnelEnd end) {
    if (!(end instanceof TunnelEnd.PeerClosed || end instanceof TunnelEnd.ConnectionLost)) {
      ByteBuf words = Unpooled.copiedBuffer(end.peerText(), StandardCharsets.UTF_8);
      send(new TunnelFrame(TunnelFrame.Kind.CLOSE, connection, end.closeCode(), words));
    }
    if (engineLoop != null) {
      engineLoop.stop();
    }
    engine = null;
    engineLoop = null;
    state = State.WAITING;
    long wait = backoff.nextNanos();
    loop.schedule(this::connect, wait, TimeUnit.NANOSECONDS);
    tell(new TunnelStatus.Waiting(end.logText(), Duration.ofNanos(wait)));
    onRoom.run();
  }

  private void tell(TunnelStatus next) {
    status = next;
    around.notes.accept(next.toString());
    onStatus.accept(next);
  }

  /// Gives the memory back that still waits for the link.
  void discard() {
    engine = null;
    out.forEach(ByteBuf::release);
    out.clear();
  }

  /// The engine, told of the traffic before it decides whether the tunnel is idle.
  private final class Timed implements Engine {

    private final ClientTunnel of;

    Timed(ClientTunnel of) {
      this.of = of;
    }

    @Override
    public long nextDeadlineNanos() {
      return of.nextDeadlineNanos();
    }

    @Override
    public void onDeadline(long nowNanos) {
      of.noteTraffic(packets);
      of.onDeadline(nowNanos);
    }
  }
}
