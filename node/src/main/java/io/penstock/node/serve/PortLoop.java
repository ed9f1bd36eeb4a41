package io.penstock.node.serve;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.penstock.node.overlay.OverlayPort;
import io.penstock.transport.relay.ExchangeLimits;
import io.penstock.transport.relay.HttpConnection;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The accept loop of one served port, which outlives what the port serves.
///
/// ```
///  BOUND ──started──► OPEN ──removed──► REMOVED
///    └────────────────removed─────────────┘
/// ```
///
/// Connections that come before it is open, or while as many as allowed are in flight, wait as they
/// came, and nothing more is accepted: the backlog fills, and then the peer feels it. When the port
/// is removed, those in flight finish what they are busy with.
///
/// Any thread may call this; connections are begun on their event loop.
@ChannelHandler.Sharable
final class PortLoop extends ChannelInitializer<Channel> {

  private enum State {
    BOUND,
    OPEN,
    REMOVED
  }

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private final int number;
  private final ServingParts parts;
  private final Set<Channel> inFlight = new LinkedHashSet<>();
  private final Deque<Channel> waiting = new ArrayDeque<>();
  private State state = State.BOUND;
  private @Nullable OverlayPort bound;
  private volatile Serving serving;

  PortLoop(int number, Serving serving, ServingParts parts) {
    this.number = number;
    this.serving = serving;
    this.parts = parts;
  }

  int number() {
    return number;
  }

  /// How many connections are in flight.
  synchronized int connections() {
    return inFlight.size();
  }

  /// The sites, if the port serves HTTP in this way and is not removed.
  Optional<WebSites> sites(boolean tls) {
    return serving instanceof Serving.Web(WebSites sites) && sites.tls() == tls && !isRemoved()
        ? Optional.of(sites)
        : Optional.empty();
  }

  ExchangeLimits exchangeLimits() {
    return parts.exchangeLimits();
  }

  private synchronized boolean isRemoved() {
    return state == State.REMOVED;
  }

  // ---- commands ----

  /// The port is bound, and not open yet; closes it when the loop has been removed meanwhile.
  void bound(OverlayPort port) {
    synchronized (this) {
      bound = port;
      if (state != State.REMOVED) {
        return;
      }
    }
    port.close();
  }

  /// Begins with what waits, and accepts from now on.
  synchronized void open() {
    state = State.OPEN;
    admitWaiting();
  }

  /// New connections, and new requests on those that are open, get something else.
  void serve(Serving next) {
    serving = next;
  }

  /// Stops accepting; connections in flight end when they are idle, or with what they are busy
  /// with.
  void remove() {
    List<Channel> waited;
    List<Channel> left;
    OverlayPort port;
    synchronized (this) {
      state = State.REMOVED;
      port = bound;
      waited = List.copyOf(waiting);
      left = List.copyOf(inFlight);
      waiting.clear();
    }
    if (port != null) {
      port.close();
    }
    waited.forEach(Channel::close);
    left.forEach(channel -> channel.eventLoop().execute(() -> finish(channel)));
  }

  /// Closes every connection at once.
  void abort() {
    remove();
    List<Channel> left;
    synchronized (this) {
      left = List.copyOf(inFlight);
    }
    left.forEach(
        channel ->
            channel.eventLoop().execute(() -> channel.unsafe().close(channel.voidPromise())));
  }

  private static void finish(Channel channel) {
    HttpConnection http = channel.pipeline().get(HttpConnection.class);
    if (http != null) {
      http.closeIfIdle();
    } else if (channel.pipeline().get(Http2FrameCodec.class) != null) {
      channel.close();
    }
  }

  // ---- connections ----

  @Override
  protected void initChannel(Channel channel) {
    channel.config().setAutoRead(false).setWriteBufferWaterMark(WATER_MARK);
    synchronized (this) {
      if (state == State.REMOVED) {
        channel.close();
        return;
      }
      if (state == State.BOUND || inFlight.size() >= parts.limits().maxConnections()) {
        waiting.add(channel);
        channel.closeFuture().addListener(_ -> forget(channel));
        accept(false);
        return;
      }
      inFlight.add(channel);
      if (inFlight.size() == parts.limits().maxConnections()) {
        accept(false);
      }
    }
    begin(channel);
  }

  private void begin(Channel channel) {
    channel.closeFuture().addListener(_ -> ended(channel));
    serving.begin(channel, this, parts);
  }

  private synchronized void forget(Channel channel) {
    waiting.remove(channel);
  }

  private synchronized void ended(Channel channel) {
    inFlight.remove(channel);
    if (state == State.OPEN) {
      admitWaiting();
    }
  }

  private void admitWaiting() {
    while (!waiting.isEmpty() && inFlight.size() < parts.limits().maxConnections()) {
      Channel next = waiting.remove();
      inFlight.add(next);
      next.eventLoop().execute(() -> begin(next));
    }
    if (inFlight.size() < parts.limits().maxConnections()) {
      accept(true);
    }
  }

  private void accept(boolean accepting) {
    OverlayPort port = bound;
    if (port != null) {
      port.accepting(accepting);
    }
  }
}
