package io.penstock.it.simulation;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.gateway.overlay.VirtualGateway;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.session.SessionConfig;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.testkit.LinkFaults;
import io.penstock.testkit.SimulatedNetwork;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A gateway and two nodes of one user, `web` and `laptop`, each at a simulated link of its own,
/// and the connections between them; everything random in it comes from one seed.
///
/// Fallback handlers of both nodes decide about all flows: the first one declines, the second one
/// rejects [ports][#REJECTED], the third accepts those of the connections that were planned.
final class OverlayRun implements AutoCloseable {

  static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  /// Longer than any transfer of a run takes with all its outages.
  static final long LIMIT_NANOS = 3600 * SECOND;

  private static final int ACCEPTED = 1000;
  private static final int REJECTED = 3000;
  private static final int UNCLAIMED = 5000;
  private static final int MAX_FLOWS = 1000;

  /// A connection that was planned, with both of its ends.
  static final class Planned {
    final SimulatedNode from;
    final SimulatedNode to;
    final int port;
    final Exchange dialling;
    private final Exchange.Content up;
    private final Exchange.Content down;
    private @Nullable Exchange accepting;
    private int accepted;

    private Planned(
        SimulatedNode from,
        SimulatedNode to,
        int port,
        Exchange.Content up,
        Exchange.Content down) {
      this.from = from;
      this.to = to;
      this.port = port;
      this.up = up;
      this.down = down;
      dialling = new Exchange(up, down);
    }

    private Exchange accept() {
      Exchange accepts = new Exchange(down, up);
      accepting = accepts;
      accepted++;
      return accepts;
    }

    /// How often the handler has accepted it.
    int accepted() {
      return accepted;
    }

    boolean isOver() {
      return dialling.isOver() && (accepting == null || accepting.isOver());
    }

    boolean isWhole() {
      return dialling.isWhole() && accepting != null && accepting.isWhole();
    }

    Exchange accepting() {
      return Objects.requireNonNull(accepting, "nobody has accepted it");
    }

    /// For a message of a test that fails.
    @Override
    public String toString() {
      return "%s to %s:%d, %s, %s".formatted(from.name, to.name, port, dialling, accepting);
    }
  }

  /// A connection that nobody takes.
  record Refused(SimulatedNode from, SimulatedNode to, int port, Exchange dialling) {}

  /// Both directions of one node's link.
  record Link(SimulatedNetwork.Node node, SimulatedNetwork.Node gateway) {
    void setFaults(LinkFaults up, LinkFaults down) {
      node.out().setFaults(up);
      gateway.out().setFaults(down);
    }

    void cut(boolean cut) {
      node.out().dropIf(_ -> cut);
      gateway.out().dropIf(_ -> cut);
    }
  }

  final SplittableRandom random;
  final SimulatedNetwork network;
  final VirtualGateway gateway;
  final Trace trace;
  final SimulatedNode web;
  final SimulatedNode laptop;
  final Link webLink;
  final Link laptopLink;
  final List<Planned> planned = new ArrayList<>();
  final List<Refused> refused = new ArrayList<>();

  OverlayRun(
      long seed, Path database, PoolConfig addresses, SessionConfig sessions, LinkFaults faults)
      throws IOException {
    random = new SplittableRandom(seed);
    network = new SimulatedNetwork(seed);
    trace = new Trace(network);
    gateway = VirtualGateway.start(network, database, addresses, sessions, random.nextLong());
    web = node("web");
    laptop = node("laptop");
    webLink = link(web, faults);
    laptopLink = link(laptop, faults);
  }

  private SimulatedNode node(String name) throws IOException {
    SimulatedNode node =
        new SimulatedNode(name, gateway.register(name), network, gateway, trace, random.nextLong());
    node.fallback.registerTcp((_, _) -> FlowAnswer.decline());
    node.fallback.registerTcp(
        (_, destination) ->
            isIn(destination.getPort(), REJECTED) ? FlowAnswer.reject() : FlowAnswer.decline());
    node.fallback.registerTcp(
        (_, destination) ->
            planned.stream()
                .filter(each -> each.to.equals(node) && each.port == destination.getPort())
                .<FlowAnswer<Socket>>map(each -> FlowAnswer.acceptChannel(each.accept()))
                .findFirst()
                .orElse(FlowAnswer.decline()));
    return node;
  }

  private static boolean isIn(int port, int range) {
    return port >= range && port < range + MAX_FLOWS;
  }

  private Link link(SimulatedNode node, LinkFaults faults) {
    SimulatedNetwork.Node at = network.attach(node.name, node);
    SimulatedNetwork.Node gatewayAt = network.attach("gateway of " + node.name, gateway.newEnd());
    network.connect(at, gatewayAt, faults);
    return new Link(at, gatewayAt);
  }

  // ---- what happens ----

  /// Runs until both nodes are in the overlay.
  void join() {
    runUntil(() -> web.isJoined() && laptop.isJoined());
  }

  /// Connects after so long, and exchanges up to so many bytes in each direction.
  Planned plan(SimulatedNode from, long delayNanos, int mostBytes) {
    return plan(from, delayNanos, content(mostBytes), content(mostBytes));
  }

  /// Connects after so long, and exchanges so many bytes in each direction.
  Planned planExactly(SimulatedNode from, long delayNanos, int bytes) {
    return plan(
        from,
        delayNanos,
        new Exchange.Content(random.nextLong(), bytes),
        new Exchange.Content(random.nextLong(), bytes));
  }

  private Planned plan(
      SimulatedNode from, long delayNanos, Exchange.Content up, Exchange.Content down) {
    SimulatedNode to = other(from);
    int port = ACCEPTED + planned.size();
    Planned plan = new Planned(from, to, port, up, down);
    planned.add(plan);
    IpFamily family = random.nextBoolean() ? IpFamily.IPV4 : IpFamily.IPV6;
    network.schedule(delayNanos, () -> from.dial(to.address(family), port, plan.dialling));
    return plan;
  }

  /// Connects after so long to a port that is rejected, or that nobody claims.
  void planRefusal(SimulatedNode from, long delayNanos) {
    SimulatedNode to = other(from);
    int port = (random.nextBoolean() ? REJECTED : UNCLAIMED) + refused.size();
    Exchange nothing = new Exchange(content(1), content(1));
    refused.add(new Refused(from, to, port, nothing));
    IpFamily family = random.nextBoolean() ? IpFamily.IPV4 : IpFamily.IPV6;
    network.schedule(delayNanos, () -> from.dial(to.address(family), port, nothing));
  }

  private SimulatedNode other(SimulatedNode node) {
    return node.equals(web) ? laptop : web;
  }

  /// Small ones as often as large ones.
  private Exchange.Content content(int mostBytes) {
    long bytes = (long) Math.pow(mostBytes, random.nextDouble());
    return new Exchange.Content(random.nextLong(), bytes);
  }

  /// Lets nothing pass over a link for so long.
  void outage(Link link, long nanos) {
    trace.note("outage " + link.node() + " for " + nanos);
    link.cut(true);
    network.schedule(nanos, () -> link.cut(false));
  }

  /// Kills the gateway and starts it again after so long.
  void restartGateway(long downNanos) {
    trace.note("gateway killed for " + downNanos);
    gateway.kill();
    network.schedule(
        downNanos,
        () -> {
          try {
            gateway.start();
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  void runUntil(BooleanSupplier condition) {
    try {
      network.runUntil(condition, LIMIT_NANOS);
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "\n" + trace.notes() + "\n" + planned, e);
    }
  }

  /// Runs until all connections are over.
  void runToEnd() {
    runUntil(
        () ->
            planned.stream().allMatch(Planned::isOver)
                && refused.stream().allMatch(each -> each.dialling().isOver()));
  }

  /// The addresses of both nodes.
  List<IpAddress> addresses() {
    return List.of(
        web.address(IpFamily.IPV4),
        web.address(IpFamily.IPV6),
        laptop.address(IpFamily.IPV4),
        laptop.address(IpFamily.IPV6));
  }

  @Override
  public void close() {
    web.close();
    laptop.close();
    gateway.close();
    network.close();
  }
}
