package io.penstock.gateway.backend;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Promise;
import io.penstock.api.RouteName;
import io.penstock.api.tunnel.AgentHello;
import io.penstock.gateway.ingress.Upstream;
import io.penstock.protocol.CloseReason;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.smux.SmuxConnection;
import io.penstock.transport.smux.SmuxStreamChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One admitted agent connection: what it serves, how it feels, and the way to open a stream on it.
///
/// Streams are opened on the event loop of the connection; everything else may be asked from any
/// thread. It stays in the registry until its session ends.
final class BackendConnection implements Upstream {

  /// Where a connection is in its life.
  private enum Stage {
    /// Registered, but its greeting is not answered yet.
    ADMITTED,
    /// New requests go to it.
    SERVING,
    /// It finishes what it has.
    DRAINING,
    /// Its session is over.
    CLOSED
  }

  /// Who is at the other end, as the greeting and the storage said.
  ///
  /// @param tokenId the id of the token, not its secret
  record Owner(
      String user,
      String tokenId,
      List<RouteName> routes,
      Optional<AgentHello.Identity> identity) {}

  private final String id;
  private final TunnelProtocol protocol;
  private final String transport;
  private final Owner owner;
  private final Channel channel;
  private final SmuxConnection smux;
  private final SmuxStreamChannel control;
  private final PhiAccrual detector;
  private final double threshold;
  private final Instant connectedAt;
  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile Stage stage = Stage.ADMITTED;
  private volatile long latencyNanos = -1;
  private volatile @Nullable CloseCause endedBy;

  /// @param control the control stream; the session is the handler on its parent channel
  BackendConnection(
      String id,
      TunnelProtocol protocol,
      String transport,
      Owner owner,
      SmuxConnection smux,
      SmuxStreamChannel control,
      HealthConfig health,
      Instant connectedAt) {
    this.id = id;
    this.protocol = protocol;
    this.transport = transport;
    this.owner = owner;
    this.channel = control.parent();
    this.smux = smux;
    this.control = control;
    this.detector = new PhiAccrual(health, EngineLoop.nowNanos(), smux.inputPausedNanos());
    this.threshold = health.phiThreshold();
    this.connectedAt = connectedAt;
  }

  String id() {
    return id;
  }

  TunnelProtocol protocol() {
    return protocol;
  }

  Owner owner() {
    return owner;
  }

  Channel channel() {
    return channel;
  }

  /// Lets new requests in.
  void serve() {
    if (stage == Stage.ADMITTED) {
      stage = Stage.SERVING;
    }
  }

  /// Lets no new request in; the agent learns of it by the end of the control stream.
  void drain() {
    if (stage == Stage.SERVING || stage == Stage.ADMITTED) {
      stage = Stage.DRAINING;
      if (protocol == TunnelProtocol.OWN) {
        control.shutdownOutput();
      }
    }
  }

  /// Takes note that the session is over.
  void closed() {
    stage = Stage.CLOSED;
  }

  /// Ends the connection, socket and all.
  void close(CloseCause cause) {
    endedBy = cause;
    channel.close();
  }

  /// Why the connection is over: our own cause if it was we who ended it, else what its session
  /// says.
  CloseReason closeReason(CloseReason ofSession) {
    CloseCause ours = endedBy;
    return ours == null ? ofSession : ours;
  }

  /// Takes note of an answered ping.
  void pinged(long roundTripNanos) {
    latencyNanos = roundTripNanos;
    detector.heartbeat(EngineLoop.nowNanos(), smux.inputPausedNanos());
  }

  double phi() {
    return detector.phi(EngineLoop.nowNanos(), smux.inputPausedNanos());
  }

  /// Whether requests may go to it at all, however it feels.
  boolean isServing() {
    return stage == Stage.SERVING;
  }

  /// Whether requests should go to it.
  boolean isUsable() {
    return stage == Stage.SERVING && phi() < threshold;
  }

  int inFlight() {
    return inFlight.get();
  }

  /// Counts a request that was given to this connection.
  BackendConnection chosen() {
    inFlight.incrementAndGet();
    return this;
  }

  Backend describe() {
    long latency = latencyNanos;
    return new Backend(
        id,
        protocol.label(),
        transport,
        owner.user(),
        owner.routes().stream().map(RouteName::toString).toList(),
        host(channel.remoteAddress()),
        phi(),
        inFlight(),
        isUsable(),
        latency < 0 ? Optional.empty() : Optional.of(latency / 1e6),
        connectedAt);
  }

  private static String host(SocketAddress address) {
    return address instanceof InetSocketAddress internet
        ? internet.getAddress().getHostAddress()
        : String.valueOf(address);
  }

  @Override
  public boolean ownProtocol() {
    return protocol == TunnelProtocol.OWN;
  }

  @Override
  public EventLoop eventLoop() {
    return channel.eventLoop();
  }

  @Override
  public void open(ChannelHandler initializer, Promise<Channel> opened) {
    if (eventLoop().inEventLoop()) {
      openHere(initializer, opened);
    } else {
      eventLoop().execute(() -> openHere(initializer, opened));
    }
  }

  private void openHere(ChannelHandler initializer, Promise<Channel> opened) {
    // Drained since it was chosen: the agent counts on it that nothing more comes.
    if (stage != Stage.SERVING || !smux.canOpenStreams()) {
      opened.tryFailure(new NoSuchBackendException(id));
      return;
    }
    SmuxStreamChannel stream = smux.openStream(initializer);
    if (!opened.trySuccess(stream)) {
      stream.close();
    }
  }

  @Override
  public void finished() {
    inFlight.decrementAndGet();
  }

  @Override
  public String toString() {
    return "BackendConnection[" + id + ", " + owner.routes() + "]";
  }
}
