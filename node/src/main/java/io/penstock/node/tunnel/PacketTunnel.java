package io.penstock.node.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.api.IpAddress;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.Session;
import io.penstock.api.client.GatewayAccess;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.snaptun.SnapTunClient;
import io.penstock.transport.snaptun.SnapTunClientConfig;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.QuicTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node's way into its overlay network: IP packets in and out, through a gateway.
///
/// ```java
/// try (var identity = NodeIdentity.open(stateDirectory);
///     var tunnel = PacketTunnel.connect(
///         PacketTunnelConfig.builder(gateway, identity, "db").token(token).build())) {
///   tunnel.onPacket(packet -> …);
///   tunnel.send(packet);
/// }
/// ```
///
/// It reconnects by itself, with the addresses that it had, until it is closed or refused for a
/// reason that only a person can mend. All methods may be called from any thread; only those that
/// say so block.
public final class PacketTunnel implements PacketLink, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PacketTunnel.class);

  private static final Duration LOOPS_LIMIT = Duration.ofSeconds(1);

  private final PacketTunnelConfig config;
  private final Consumer<TunnelStatus> listener;
  private final MultiThreadIoEventLoopGroup loops;
  private final IoEventLoop loop;
  private final ExecutorService blocking =
      Executors.newThreadPerTaskExecutor(
          Thread.ofVirtual().name("penstock-node-tunnel-", 0).factory());
  private final ExecutorService events =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("penstock-node-events").factory());
  private final PacketDoor door = new PacketDoor();
  private final OwnerAnswers owner;
  private final GatewayAccess access;
  private final TunnelLink link;
  private final Object changes = new Object();
  private Consumer<TunnelStatus> prompt = _ -> {};
  private volatile TunnelStatus status = new TunnelStatus.Connecting();

  private PacketTunnel(PacketTunnelConfig config, Consumer<TunnelStatus> listener)
      throws IOException {
    if (!NativeSupport.quic()) {
      throw new IOException(
          "QUIC needs its native part, which is not there for this platform (see: penstock"
              + " version)");
    }
    this.config = config;
    this.listener = listener;
    var tls = QuicTls.client(config.trust(), List.of(SnapTun.ALPN));
    owner = new OwnerAnswers(config);
    access =
        new GatewayAccess(
            config.gateway(),
            ClientTls.jdkContext(config.trust()),
            owner.hosts(),
            config.headers());
    var sessions = new Sessions(config, owner, access);
    loops = NativeSupport.newEventLoops(1, "penstock-node");
    loop = loops.next();
    link =
        new TunnelLink(
            config,
            new TunnelLink.Parts(
                sessions,
                new QuicDialer(tls, config.quic()),
                new SnapTunClient(SnapTunClientConfig.of(config.quic()), blocking),
                blocking),
            loop,
            door,
            this::changed);
  }

  /// Starts a tunnel and returns at once.
  ///
  /// @param listener is told each new status, in order, on a virtual thread of its own; not the
  ///   first, which is always [TunnelStatus.Connecting]
  /// @throws IOException when the trust cannot be set up, or this platform has no QUIC
  public static PacketTunnel start(PacketTunnelConfig config, Consumer<TunnelStatus> listener)
      throws IOException {
    PacketTunnel tunnel = new PacketTunnel(config, listener);
    tunnel.link.start();
    return tunnel;
  }

  /// Starts a tunnel and blocks until packets travel.
  ///
  /// @throws TunnelStoppedException when only a person can mend it
  /// @throws IOException when the first attempt fails otherwise, with the reason
  public static PacketTunnel connect(PacketTunnelConfig config)
      throws IOException, InterruptedException {
    return connect(config, _ -> {});
  }

  /// The same, with a listener as [#start] has it.
  ///
  /// @throws TunnelStoppedException when only a person can mend it
  /// @throws IOException when the first attempt fails otherwise, with the reason
  public static PacketTunnel connect(PacketTunnelConfig config, Consumer<TunnelStatus> listener)
      throws IOException, InterruptedException {
    PacketTunnel tunnel = start(config, listener);
    try {
      tunnel.awaitFirstResult();
      return tunnel;
    } catch (IOException | InterruptedException e) {
      tunnel.close();
      throw e;
    }
  }

  // ---- packets ----

  @Override
  public void onPacket(Consumer<ByteBuf> consumer) {
    door.onPacket(consumer);
  }

  @Override
  public Sent send(ByteBuf packet) {
    return door.send(packet);
  }

  /// Sends one IP packet as soon as there is room, in the order of the calls; completes on the
  /// event loop. It does not wait for a tunnel.
  ///
  /// @param packet is still the caller's after [Sent#FULL], and only then
  public CompletionStage<Sent> sendWhenWritable(ByteBuf packet) {
    return door.sendWhenWritable(packet);
  }

  @Override
  public void onRoom(Runnable listener) {
    door.onRoom(listener);
  }

  @Override
  public IoEventLoop eventLoop() {
    return loop;
  }

  // ---- for other clients of the gateway's API ----

  /// How the API of the gateway is reached, with look-ups that have a limit; until the tunnel is
  /// closed.
  public GatewayAccess access() {
    return access;
  }

  /// Asks for the secret of the API token; blocks for [PacketTunnelConfig#answerLimit] at most.
  ///
  /// @throws IOException when the supplier does not answer in time; besides, what it throws
  public String apiToken() throws IOException {
    return owner.token();
  }

  // ---- how it is doing ----

  public TunnelStatus status() {
    return status;
  }

  @Override
  public int mtu() {
    return status instanceof TunnelStatus.Connected(_, int mtu) ? mtu : 0;
  }

  /// The node's own addresses; none while there is no tunnel.
  public List<IpAddress> addresses() {
    return status instanceof TunnelStatus.Connected(var addresses, _) ? addresses : List.of();
  }

  /// The network as the gateway described it with the last session; empty before the first.
  public Optional<OverlayNetwork> network() {
    return link.session().map(Session::network);
  }

  /// Where the tunnel went the last time, as it was looked up; empty before the first.
  public Optional<InetSocketAddress> remote() {
    return link.remote();
  }

  /// The session that was bought last, with its token, which is a secret; empty before the first.
  public Optional<Session> session() {
    return link.session();
  }

  @Override
  public void onStatus(Consumer<TunnelStatus> consumer) {
    loop.execute(
        () -> {
          prompt = consumer;
          consumer.accept(status);
        });
  }

  /// Tries to connect at once if the tunnel is lost and waits for its next attempt, as when the
  /// machine has slept.
  public void retryNow() {
    link.retryNow();
  }

  /// Ends the tunnel for good for a reason of whoever uses it; it is still to be closed.
  ///
  /// @param code a stable word
  /// @param message what happened and what to do about it
  public void stop(String code, String message) {
    link.stop(code, message);
  }

  /// Blocks until the tunnel has ended, by `close` or because it stopped for good.
  public void awaitClosed() throws InterruptedException {
    synchronized (changes) {
      while (!status.isFinal()) {
        changes.wait();
      }
    }
  }

  /// Blocks until the path carries packets of this size, or for the limit at most; whether it does.
  ///
  /// A tunnel begins with what every path carries, and finds out within seconds how much more this
  /// one does.
  public boolean awaitMtu(int bytes, Duration limit) throws InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    synchronized (changes) {
      long left = limit.toNanos();
      while (mtu() < bytes && left > 0 && !status.isFinal()) {
        TimeUnit.NANOSECONDS.timedWait(changes, left);
        left = until - System.nanoTime();
      }
    }
    return mtu() >= bytes;
  }

  /// Tells the gateway that the node goes and ends everything; blocks for at most a second more
  /// than [PacketTunnelConfig#closeLimit]. Repeatable, and needed also after the tunnel has stopped
  /// by itself.
  @Override
  public void close() {
    close(config.closeLimit());
  }

  /// As above with another limit.
  public void close(Duration limit) {
    long until = System.nanoTime() + limit.toNanos();
    CompletionStage<Void> gone = link.close();
    try {
      gone.toCompletableFuture().get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      LOG.warn("the connection did not end in time waited={}", limit);
    } catch (ExecutionException e) {
      LOG.warn("the connection did not end cleanly", e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    blocking.shutdownNow();
    try {
      owner.close(Duration.ofNanos(until - System.nanoTime()));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    NativeSupport.endEventLoops(loops, LOOPS_LIMIT).awaitUninterruptibly();
    events.shutdown();
  }

  private void awaitFirstResult() throws IOException, InterruptedException {
    synchronized (changes) {
      while (status instanceof TunnelStatus.Connecting) {
        changes.wait();
      }
    }
    switch (status) {
      case TunnelStatus.Connected _ -> {
        // As it should be.
      }
      case TunnelStatus.Waiting(String reason, _) -> throw new IOException(reason);
      case TunnelStatus.Stopped stopped -> throw new TunnelStoppedException(stopped);
      case TunnelStatus.Connecting _, TunnelStatus.Closed _ ->
          throw new IOException("the tunnel was closed");
    }
  }

  /// On the event loop, with each status but the first.
  private void changed(TunnelStatus next) {
    synchronized (changes) {
      if (next.equals(status)) {
        return;
      }
      status = next;
      changes.notifyAll();
    }
    prompt.accept(next);
    events.execute(() -> listener.accept(next));
  }
}
