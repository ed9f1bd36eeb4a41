package io.penstock.node.agent;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.api.tunnel.AgentWelcome;
import io.penstock.api.tunnel.Refusal;
import io.penstock.node.retry.Backoff;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One of an agent's connections to the gateway, over all its reconnects.
///
/// ```
///   WAITING ──time──► DIALLING ──session──► GREETING ──welcome──► ONLINE
///      ▲                 │ failed               │ refused, lost       │ lost
///      └─────────────────┴──────────────────────┴─────────────────────┘
///   any ──close──► DRAINING ──► CLOSED
/// ```
///
/// Everything runs on one event loop, where all sessions of this connection live too; [#link] may
/// be read from any thread.
final class AgentConnection {

  private static final Logger LOG = LoggerFactory.getLogger(AgentConnection.class);

  /// What the agent sees of a connection.
  sealed interface Link {

    /// Requests come in.
    record Up(List<String> urls, String transport, Duration latency, Optional<String> note)
        implements Link {}

    /// They do not.
    ///
    /// @param cause why; empty before the first attempt has ended
    record Down(String cause) implements Link {}
  }

  private enum State {
    WAITING,
    DIALLING,
    GREETING,
    ONLINE,
    DRAINING,
    CLOSED
  }

  private final Agent agent;
  private final int number;
  private final EventLoop loop;
  private final Backoff backoff;
  private final CountDownLatch closed = new CountDownLatch(1);
  private State state = State.WAITING;
  private volatile Link link = new Link.Down("");
  private @Nullable TunnelSession session;
  private @Nullable ScheduledFuture<?> timer;
  private long onlineSinceNanos;

  AgentConnection(Agent agent, int number, EventLoop loop) {
    this.agent = agent;
    this.number = number;
    this.loop = loop;
    this.backoff =
        new Backoff(
            agent.config().backoffLeast(),
            agent.config().backoffMost(),
            () -> ThreadLocalRandom.current().nextDouble());
  }

  Link link() {
    return link;
  }

  Agent agent() {
    return agent;
  }

  int number() {
    return number;
  }

  EventLoop loop() {
    return loop;
  }

  void start() {
    loop.execute(this::dial);
  }

  /// Starts to end this connection; requests in flight get the drain limit.
  void close() {
    loop.execute(this::drain);
  }

  /// Blocks until the connection has ended after [#close].
  void awaitClosed() {
    try {
      closed.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void dial() {
    timer = null;
    if (state != State.WAITING) {
      return;
    }
    state = State.DIALLING;
    new Dialer(agent.config(), loop, agent.blocking())
        .dial(
            dialled -> {
              switch (dialled) {
                case Dialer.Dialled.Connected connected -> greet(connected);
                case Dialer.Dialled.Failed(String cause, boolean distrust) -> {
                  if (distrust) {
                    distrusted(cause);
                  } else {
                    lost(cause);
                  }
                }
              }
            });
  }

  /// Gives up at the first attempts, where a person has made a mistake. Later it may be somebody on
  /// the way, who must not be able to end the agent.
  private void distrusted(String cause) {
    if (state == State.DIALLING && !agent.hasBeenOnline()) {
      agent.refused(new AgentStatus.Refused(AgentStatus.Refused.UNTRUSTED, cause));
    }
    lost(cause);
  }

  private void greet(Dialer.Dialled.Connected connected) {
    if (state != State.DIALLING) {
      connected.channel().close();
      return;
    }
    state = State.GREETING;
    session = TunnelSession.start(this, connected);
  }

  // ---- what the session tells ----

  /// Says that requests will come in from now on.
  void online(Link.Up up) {
    if (state != State.GREETING) {
      return;
    }
    state = State.ONLINE;
    onlineSinceNanos = System.nanoTime();
    link = up;
    LOG.info(
        "tunnel up connection={} transport={} urls={} note={}",
        number,
        up.transport(),
        up.urls(),
        up.note().orElse("none"));
    agent.changed();
  }

  /// Says that the gateway refused the greeting.
  void refused(AgentWelcome.Refused refused) {
    boolean lasting = Refusal.of(refused.code()).map(Refusal::isLasting).orElse(false);
    if (!lasting || state != State.GREETING) {
      return;
    }
    if (refused.route().map(agent::goesOnWithout).orElse(false)) {
      backoff.reset();
    } else {
      agent.refused(new AgentStatus.Refused(refused.code(), refused.message()));
    }
  }

  /// Says that the session is over.
  void ended(String cause) {
    session = null;
    if (state == State.ONLINE
        && System.nanoTime() - onlineSinceNanos >= agent.config().stableAfter().toNanos()) {
      backoff.reset();
    }
    lost(cause);
  }

  private void lost(String cause) {
    if (state == State.DRAINING) {
      finish();
      return;
    }
    if (state == State.CLOSED || state == State.WAITING) {
      return;
    }
    state = State.WAITING;
    long wait = backoff.nextNanos();
    LOG.info(
        "tunnel down connection={} retry_ms={} cause=\"{}\"",
        number,
        TimeUnit.NANOSECONDS.toMillis(wait),
        cause);
    link = new Link.Down(cause);
    timer = loop.schedule(this::dial, wait, TimeUnit.NANOSECONDS);
    agent.changed();
  }

  // ---- the end ----

  private void drain() {
    if (state == State.DRAINING || state == State.CLOSED) {
      return;
    }
    state = State.DRAINING;
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    TunnelSession last = session;
    if (last == null) {
      finish();
      return;
    }
    last.drain();
    Channel channel = last.channel();
    timer =
        loop.schedule(
            () -> channel.close(), agent.config().drainLimit().toNanos(), TimeUnit.NANOSECONDS);
  }

  private void finish() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    state = State.CLOSED;
    link = new Link.Down("closed");
    closed.countDown();
  }
}
