package io.penstock.node.tunnel;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.api.IpAddress;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.Session;
import io.penstock.api.client.ApiException;
import io.penstock.node.retry.Backoff;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.CloseCode;
import io.penstock.protocol.snaptun.ConnectFault;
import io.penstock.protocol.snaptun.Refusal;
import io.penstock.protocol.snaptun.ResponseFault;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SnapTunClient;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.snaptun.TokenSupplier;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The connection of a node to its gateway, over all its reconnects.
///
/// ```
///   WAITING ──time──► BUYING ──session──► DIALLING ──QUIC──► JOINING ──addresses──► UP
///      ▲                │ failed             │ failed           │ refused, lost      │ lost
///      └────────────────┴────────────────────┴──────────────────┴────────────────────┘
///   any ──close, or a refusal that lasts──► CLOSED
/// ```
///
/// Everything runs on one event loop, except buying sessions and asking the DNS; each wait has a
/// limit of its own: that of what the owner is asked, of the API's client, of the QUIC handshake,
/// of the tunnel's engine.
final class TunnelLink {

  private static final Logger LOG = LoggerFactory.getLogger(TunnelLink.class);

  /// What the gateway tells an older tunnel of a node that has a newer one.
  private static final String SESSION_REPLACED = "session replaced";

  /// When a node without IPv6 asks for it once more, for the first and for the last time; each wait
  /// is thrice the one before. The gateway gives it only over a path that it knows to carry 1280
  /// bytes, and over a slow path it may take some seconds to find out.
  private static final Duration ASK_AGAIN_FIRST = Duration.ofSeconds(3);

  private static final Duration ASK_AGAIN_LAST = Duration.ofSeconds(30);

  private enum State {
    WAITING,
    BUYING,
    DIALLING,
    JOINING,
    UP,
    CLOSED
  }

  /// The parts that last as long as the link.
  record Parts(
      Sessions sessions, QuicDialer dialer, SnapTunClient client, ExecutorService blocking) {}

  private final PacketTunnelConfig config;
  private final Parts parts;
  private final EventLoop loop;
  private final PacketDoor door;
  private final Consumer<TunnelStatus> listener;
  private final AddressWishes wishes;
  private final Backoff backoff;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private State state = State.WAITING;
  private @Nullable ScheduledFuture<?> timer;
  private @Nullable QuicChannel connection;
  private ConnectResult.@Nullable Connected tunnel;
  private long upSinceNanos;
  private volatile Optional<Session> session = Optional.empty();
  private volatile Optional<InetSocketAddress> remote = Optional.empty();

  TunnelLink(
      PacketTunnelConfig config,
      Parts parts,
      EventLoop loop,
      PacketDoor door,
      Consumer<TunnelStatus> listener) {
    this.config = config;
    this.parts = parts;
    this.loop = loop;
    this.door = door;
    this.listener = listener;
    wishes = new AddressWishes(config.wanted());
    backoff =
        new Backoff(
            config.backoffLeast(),
            config.backoffMost(),
            () -> ThreadLocalRandom.current().nextDouble());
  }

  // ---- from any thread ----

  void start() {
    onLoop(this::buy);
  }

  /// Ends the link; the result is done when the connection is.
  CompletionStage<Void> close() {
    onLoop(() -> end(new TunnelStatus.Closed()));
    return closed;
  }

  /// Ends the link for a reason of its user's.
  void stop(String code, String message) {
    onLoop(() -> end(new TunnelStatus.Stopped(code, message)));
  }

  /// Ends the wait before the next attempt, if there is one.
  void retryNow() {
    onLoop(
        () -> {
          if (timer != null && timer.cancel(false)) {
            buy();
          }
        });
  }

  /// What was bought the last time.
  Optional<Session> session() {
    return session;
  }

  /// Where the tunnel went the last time.
  Optional<InetSocketAddress> remote() {
    return remote;
  }

  // ---- on the event loop, except where a method says otherwise ----

  private void buy() {
    timer = null;
    if (state != State.WAITING) {
      return;
    }
    state = State.BUYING;
    listener.accept(new TunnelStatus.Connecting());
    try {
      parts.blocking().execute(this::buyBlocking);
    } catch (RejectedExecutionException _) {
      lost("the node is closing");
    }
  }

  /// On a thread that may block. The token's supplier is the owner's code, and what it throws is
  /// one failed attempt.
  private void buyBlocking() {
    try {
      Session session = parts.sessions().buy();
      InetSocketAddress address = parts.sessions().resolve(session);
      onLoop(() -> dial(session, address));
    } catch (ApiException e) {
      onLoop(() -> refused(e));
    } catch (IOException | RuntimeException e) {
      String why = e.getMessage() == null ? e.toString() : e.getMessage();
      onLoop(() -> lost(why));
    }
  }

  private void refused(ApiException refusal) {
    parts
        .sessions()
        .lasting(refusal)
        .ifPresentOrElse(this::end, () -> lost(String.valueOf(refusal.getMessage())));
  }

  private void dial(Session session, InetSocketAddress address) {
    if (state != State.BUYING) {
      return;
    }
    state = State.DIALLING;
    this.session = Optional.of(session);
    remote = Optional.of(address);
    parts
        .dialer()
        .dial(loop, address, session.quic().host(), SnapTunHandlers.client())
        .whenComplete(
            (dialled, failure) -> {
              if (dialled == null) {
                parts.sessions().tunnelUnanswered();
                lost(failure == null ? "no connection" : String.valueOf(failure.getMessage()));
              } else if (state == State.DIALLING) {
                join(session, dialled);
              } else {
                var _ = dialled.close();
              }
            });
  }

  private void join(Session session, QuicChannel dialled) {
    state = State.JOINING;
    connection = dialled;
    dialled.closeFuture().addListener(_ -> connectionGone(dialled));
    List<AddressRange> asked = wishes.in(session.network());
    parts
        .client()
        .withKeepAliveWithin(Duration.ofMillis(session.network().keepAliveMillis()))
        .connect(dialled, new Tokens(session), asked)
        .thenAccept(
            result -> {
              switch (result) {
                case ConnectResult.Connected joined -> up(joined, asked);
                case ConnectResult.Refused(TunnelEnd end) -> {
                  noteRefusal(end, asked);
                  lost(end.logText());
                }
              }
            });
  }

  private void up(ConnectResult.Connected joined, List<AddressRange> asked) {
    if (state != State.JOINING) {
      joined.control().close(0, "");
      return;
    }
    state = State.UP;
    tunnel = joined;
    upSinceNanos = System.nanoTime();
    door.attach(joined);
    joined.sender().onMaxPayload(_ -> tell());
    joined
        .control()
        .onAssigned(
            addresses -> {
              wishes.assigned(AddressWishes.of(addresses));
              tell();
            });
    wishes.assigned(AddressWishes.of(joined.control().addresses()));
    LOG.info(
        "tunnel up node={} name={} addresses={}",
        config.identity().id(),
        config.name(),
        AddressWishes.of(joined.control().addresses()));
    tell();
    joined.control().closed().thenAccept(this::ended);
    List<Refusal> refused = joined.control().refused();
    refused.forEach(one -> LOG.warn("address not given: {}", one.why()));
    if (wishes.refused(asked, refused.stream().mapToInt(Refusal::index))) {
      var _ = joined.control().assign(wishes.in(network()));
    }
    askAgainForIpv6(joined, ASK_AGAIN_FIRST);
  }

  private void askAgainForIpv6(ConnectResult.Connected joined, Duration wait) {
    if (wait.compareTo(ASK_AGAIN_LAST) > 0 || !lacksIpv6(joined)) {
      return;
    }
    loop.schedule(
        () -> {
          if (state == State.UP && joined.equals(tunnel) && lacksIpv6(joined)) {
            joined
                .control()
                .assign(wishes.in(network()))
                .thenRun(() -> askAgainForIpv6(joined, wait.multipliedBy(3)));
          }
        },
        wait.toNanos(),
        TimeUnit.NANOSECONDS);
  }

  private OverlayNetwork network() {
    return session.orElseThrow().network();
  }

  private boolean lacksIpv6(ConnectResult.Connected joined) {
    return wishes.in(network()).stream().anyMatch(wish -> wish.ipVersion() == 6)
        && joined.control().addresses().stream().noneMatch(given -> given.ipVersion() == 6);
  }

  private void tell() {
    ConnectResult.Connected up = tunnel;
    if (state == State.UP && up != null) {
      List<IpAddress> addresses = AddressWishes.of(up.control().addresses());
      listener.accept(new TunnelStatus.Connected(addresses, up.sender().maxPayloadBytes()));
    }
  }

  /// What one of several refused addresses is told in a tunnel is told for the only one by the end.
  private void noteRefusal(TunnelEnd end, List<AddressRange> asked) {
    if (end instanceof TunnelEnd.ConnectFailed(ConnectFault.Assignment(ResponseFault.Status _))) {
      wishes.refused(asked, IntStream.range(0, asked.size()));
    }
  }

  private void ended(TunnelEnd end) {
    door.detach();
    tunnel = null;
    if (state == State.UP && System.nanoTime() - upSinceNanos >= config.stableAfter().toNanos()) {
      backoff.reset();
    }
    boolean replaced =
        end instanceof TunnelEnd.PeerClosed(long code, String reason)
            && code == CloseCode.SESSION_EXPIRED.code()
            && reason.equals(SESSION_REPLACED);
    if (replaced) {
      end(
          new TunnelStatus.Stopped(
              TunnelStatus.REPLACED,
              "another tunnel of the node %s has taken over: a copy of its identity is in use elsewhere"
                  .formatted(config.identity().id())));
    } else {
      lost(end.logText());
    }
  }

  private void lost(String why) {
    if (state == State.CLOSED || state == State.WAITING) {
      return;
    }
    state = State.WAITING;
    long wait = backoff.nextNanos();
    LOG.info(
        "tunnel down node={} retry_ms={} cause=\"{}\"",
        config.identity().id(),
        TimeUnit.NANOSECONDS.toMillis(wait),
        why);
    timer = loop.schedule(this::buy, wait, TimeUnit.NANOSECONDS);
    listener.accept(new TunnelStatus.Waiting(why, Duration.ofNanos(wait)));
  }

  private void end(TunnelStatus last) {
    if (state == State.CLOSED) {
      return;
    }
    state = State.CLOSED;
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    ConnectResult.Connected up = tunnel;
    QuicChannel open = connection;
    if (up != null) {
      up.control().close(0, "");
    } else if (open != null) {
      var _ = open.close();
    }
    listener.accept(last);
    if (connection == null) {
      closed.complete(null);
    }
  }

  private void connectionGone(QuicChannel gone) {
    if (gone.equals(connection)) {
      connection = null;
      if (state == State.CLOSED) {
        closed.complete(null);
      }
    }
  }

  private void onLoop(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
      return;
    }
    try {
      loop.execute(task);
    } catch (RejectedExecutionException _) {
      // The tunnel has been closed meanwhile, and nobody waits for this.
    }
  }

  /// The token of the session that was just bought, and then that of a new session each time.
  private final class Tokens implements TokenSupplier {

    private @Nullable Session bought;

    Tokens(Session bought) {
      this.bought = bought;
    }

    @Override
    public String token() throws IOException {
      Session first = bought;
      bought = null;
      if (first != null) {
        return first.token();
      }
      Session next = parts.sessions().buy();
      session = Optional.of(next);
      return next.token();
    }
  }
}
