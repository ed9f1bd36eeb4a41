package io.penstock.node.agent;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.api.tunnel.AgentHello;
import io.penstock.node.agent.app.AppProxy;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.smux.SmuxStreamChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A running agent: a local web app made reachable through a gateway.
///
/// ```java
/// try (var agent = Agent.connect(AgentConfig.builder("gw.example", 7443, app).token(t).build())) {
///   System.out.println(agent.urls());
///   agent.awaitClosed();
/// }
/// ```
///
/// It reconnects by itself until it is closed or the gateway refuses it for a reason that only a
/// person can mend. All methods may be called from any thread; only those that say so block.
public final class Agent implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Agent.class);

  /// What tearing down sockets and loops may take after the drain.
  private static final long GRACE_NANOS = Duration.ofSeconds(5).toNanos();

  private static final Duration LOOPS_LIMIT = Duration.ofSeconds(1);

  private final AgentConfig config;
  private final Consumer<AgentStatus> listener;
  private final UUID id = UUID.randomUUID();
  private final MultiThreadIoEventLoopGroup loops;
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final ExecutorService events =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("penstock-agent-events").factory());
  private final List<AgentConnection> connections = new ArrayList<>();
  private final RequestStats stats = new RequestStats();
  private final AppProxy app;
  private final CountDownLatch closed = new CountDownLatch(1);
  private AgentStatus status = new AgentStatus.Connecting(Optional.empty());
  private List<String> domains;
  private final List<String> lostDomains = new ArrayList<>();

  private Agent(AgentConfig config, Consumer<AgentStatus> listener) throws SSLException {
    this.config = config;
    this.domains = config.domains();
    this.listener = listener;
    this.loops =
        NativeSupport.newEventLoops(
            Math.min(config.connections(), NativeSupport.defaultEventLoops()), "penstock-agent");
    this.app = new AppProxy(config.app(), stats);
  }

  /// Starts an agent and returns at once.
  ///
  /// @param listener is told each new status, in order, on a virtual thread of its own
  /// @throws SSLException when the trust in an `https` app cannot be set up
  public static Agent start(AgentConfig config, Consumer<AgentStatus> listener)
      throws SSLException {
    Agent agent = new Agent(config, listener);
    agent.open();
    return agent;
  }

  /// Starts an agent and blocks until visitors reach the app.
  ///
  /// @throws AgentRefusedException when the gateway refuses it for good
  /// @throws IOException when the first attempt fails otherwise, with the reason
  public static Agent connect(AgentConfig config) throws IOException, InterruptedException {
    Agent agent = start(config, _ -> {});
    try {
      agent.awaitFirstResult();
      return agent;
    } catch (IOException | InterruptedException e) {
      agent.close();
      throw e;
    }
  }

  private void open() {
    ensureConnections(config.connections());
  }

  /// Starts connections until there are this many.
  void ensureConnections(int wanted) {
    synchronized (connections) {
      while (connections.size() < wanted && !status.isFinal()) {
        AgentConnection added = new AgentConnection(this, connections.size(), loops.next());
        connections.add(added);
        added.start();
      }
    }
  }

  /// How the agent is doing.
  public AgentStatus status() {
    synchronized (connections) {
      return status;
    }
  }

  /// The public addresses of the app; empty while it is not online.
  public List<String> urls() {
    return status() instanceof AgentStatus.Online online ? online.urls() : List.of();
  }

  /// What the agent has carried so far.
  public AgentStats stats() {
    return stats.snapshot();
  }

  /// Blocks until the agent has ended, by `close` or by a refusal.
  public void awaitClosed() throws InterruptedException {
    closed.await();
  }

  /// Ends the agent: takes no new requests, lets those in flight finish within the drain limit, and
  /// closes every connection. Blocks for at most a little more than that limit. Repeatable.
  @Override
  public void close() {
    end(new AgentStatus.Closed());
    try {
      if (!closed.await(config.drainLimit().toNanos() + GRACE_NANOS, TimeUnit.NANOSECONDS)) {
        LOG.warn("agent did not end in time drain_limit={}", config.drainLimit());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitFirstResult() throws IOException, InterruptedException {
    synchronized (connections) {
      while (status instanceof AgentStatus.Connecting(Optional<String> cause)) {
        if (cause.isPresent()) {
          throw new IOException(cause.get());
        }
        connections.wait();
      }
      if (status instanceof AgentStatus.Refused refused) {
        throw new AgentRefusedException(refused);
      }
    }
  }

  // ---- what the connections need ----

  AgentConfig config() {
    return config;
  }

  /// Puts the way to the app on a stream that the gateway opened for a request.
  void serve(SmuxStreamChannel stream) {
    stats.opened();
    stream.closeFuture().addListener(_ -> stats.closed());
    stream.pipeline().addLast(app);
  }

  ExecutorService blocking() {
    return blocking;
  }

  AgentHello.Identity identity(int number) {
    return new AgentHello.Identity(id, number);
  }

  /// Takes note that a connection has changed, and works out what that means for the whole.
  void changed() {
    synchronized (connections) {
      if (status.isFinal()) {
        return;
      }
      List<AgentConnection.Link> links = connections.stream().map(AgentConnection::link).toList();
      publish(summary(links));
    }
  }

  /// Whether visitors have reached the app at any time.
  boolean hasBeenOnline() {
    return !(status() instanceof AgentStatus.Connecting);
  }

  /// The routes to serve: those of the config, but for what the gateway has lost meanwhile.
  List<String> domains() {
    synchronized (connections) {
      return domains;
    }
  }

  /// Gives a route up that was there once and that the gateway refuses now; says whether others are
  /// left. At the start of the agent somebody has made a mistake, so then it is none.
  boolean goesOnWithout(String route) {
    synchronized (connections) {
      List<String> left = domains.stream().filter(each -> !each.equals(route)).toList();
      if (!hasBeenOnline() || left.isEmpty()) {
        return false;
      }
      if (left.size() < domains.size()) {
        LOG.warn("route given up route={} left={}", route, left);
        domains = left;
        lostDomains.add(route);
      }
      return true;
    }
  }

  /// Ends the agent for a reason that only a person can mend.
  void refused(AgentStatus.Refused refused) {
    end(refused);
  }

  private AgentStatus summary(List<AgentConnection.Link> links) {
    List<AgentConnection.Link.Up> up = new ArrayList<>();
    String cause = "";
    for (AgentConnection.Link link : links) {
      switch (link) {
        case AgentConnection.Link.Up online -> up.add(online);
        case AgentConnection.Link.Down(String why) -> cause = why.isEmpty() ? cause : why;
      }
    }
    if (!up.isEmpty()) {
      var first = up.getFirst();
      return new AgentStatus.Online(
          first.urls(), up.size(), first.transport(), first.latency(), note(first));
    }
    boolean wasOnline = !(status instanceof AgentStatus.Connecting);
    return wasOnline
        ? new AgentStatus.Reconnecting(cause)
        : new AgentStatus.Connecting(cause.isEmpty() ? Optional.empty() : Optional.of(cause));
  }

  private Optional<String> note(AgentConnection.Link.Up link) {
    if (lostDomains.isEmpty()) {
      return link.note();
    }
    String lost =
        "the gateway has no route %s any more; the others are served"
            .formatted(String.join(", ", lostDomains));
    return Optional.of(link.note().map(note -> note + "; " + lost).orElse(lost));
  }

  private void publish(AgentStatus next) {
    if (next.equals(status)) {
      return;
    }
    status = next;
    connections.notifyAll();
    events.execute(() -> listener.accept(next));
  }

  private void end(AgentStatus last) {
    synchronized (connections) {
      if (status.isFinal()) {
        return;
      }
      publish(last);
    }
    Thread.ofVirtual().name("penstock-agent-close").start(this::tearDown);
  }

  private void tearDown() {
    List<AgentConnection> all;
    synchronized (connections) {
      all = List.copyOf(connections);
    }
    all.forEach(AgentConnection::close);
    all.forEach(AgentConnection::awaitClosed);
    NativeSupport.endEventLoops(loops, LOOPS_LIMIT).awaitUninterruptibly();
    blocking.shutdownNow();
    events.shutdown();
    closed.countDown();
  }
}
