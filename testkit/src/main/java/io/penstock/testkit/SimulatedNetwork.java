package io.penstock.testkit;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Endpoints and links between them, in virtual time: the same seed gives the same run, to the last
/// bit.
///
/// The clock moves only from one thing to do to the next, so an hour of timeouts takes
/// milliseconds. Endpoints read it as nanoseconds from an origin that a test may choose close to
/// the point where it wraps. Everything runs on the thread of the test. Close the network at the
/// end; that releases what is still under way.
///
/// Every failure names the seed.
public final class SimulatedNetwork implements AutoCloseable {

  /// So many calls without the clock moving are a loop that never ends.
  private static final int MAX_CALLS_AT_ONE_TIME = 1_000_000;

  /// One end of a link.
  public static final class Node {
    private final String name;
    private final SimulatedEndpoint endpoint;
    private @Nullable SimulatedLink out;

    private Node(String name, SimulatedEndpoint endpoint) {
      this.name = name;
      this.endpoint = endpoint;
    }

    /// The link that this node sends on.
    public SimulatedLink out() {
      if (out == null) {
        throw new IllegalStateException(name + " is not connected");
      }
      return out;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private record Task(long atNanos, long order, Runnable action) {}

  private final long seed;
  private final SplittableRandom random;
  private final List<Node> nodes = new ArrayList<>();
  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(Comparator.comparingLong(Task::atNanos).thenComparingLong(Task::order));
  private final Set<ByteBuf> underWay = Collections.newSetFromMap(new IdentityHashMap<>());
  private long originNanos;
  private long elapsedNanos;
  private long order;
  private int callsAtThisTime;

  public SimulatedNetwork(long seed) {
    this(seed, 0);
  }

  /// Makes a network whose clock starts at `originNanos`.
  public SimulatedNetwork(long seed, long originNanos) {
    this.seed = seed;
    this.originNanos = originNanos;
    random = new SplittableRandom(seed);
  }

  // ---- building ----

  public Node attach(String name, SimulatedEndpoint endpoint) {
    Node node = new Node(name, endpoint);
    nodes.add(node);
    return node;
  }

  /// Connects two nodes with the same faults in both directions.
  public void connect(Node a, Node b, LinkFaults faults) {
    connect(a, b, faults, faults);
  }

  public void connect(Node a, Node b, LinkFaults fromAtoB, LinkFaults fromBtoA) {
    a.out = new SimulatedLink(this, b, fromAtoB, random.split());
    b.out = new SimulatedLink(this, a, fromBtoA, random.split());
  }

  // ---- time ----

  /// What endpoints see as the time.
  public long nowNanos() {
    return originNanos + elapsedNanos;
  }

  /// The time that has passed, clock jumps not counted.
  public long elapsedNanos() {
    return elapsedNanos;
  }

  /// Lets the clock that endpoints see jump ahead while the network stands still, as it does when a
  /// machine wakes up.
  public void jumpClock(long nanos) {
    originNanos += nanos;
  }

  /// Runs `action` after `delayNanos`.
  public void schedule(long delayNanos, Runnable action) {
    tasks.add(new Task(elapsedNanos + delayNanos, order++, action));
  }

  // ---- running ----

  /// Lets `nanos` pass.
  public void runFor(long nanos) {
    long end = elapsedNanos + nanos;
    pumpAll();
    while (step(end)) {
      // each step does the next thing
    }
    elapsedNanos = end;
    callsAtThisTime = 0;
  }

  /// Runs until `condition` holds; fails when it does not within `limitNanos`, or when nothing is
  /// left to happen before.
  public void runUntil(BooleanSupplier condition, long limitNanos) {
    long end = elapsedNanos + limitNanos;
    pumpAll();
    while (!condition.getAsBoolean()) {
      if (!step(end)) {
        throw failure("the condition does not hold after " + limitNanos / 1_000_000 + " ms");
      }
    }
  }

  /// Runs until nothing is left to happen; fails when that takes longer than `limitNanos`.
  public void runUntilIdle(long limitNanos) {
    long end = elapsedNanos + limitNanos;
    pumpAll();
    while (step(end)) {
      // each step does the next thing
    }
    if (nextAtNanos() != Long.MAX_VALUE) {
      throw failure("not idle after " + limitNanos / 1_000_000 + " ms");
    }
  }

  /// Does the next thing, unless it lies after `endNanos` or there is none.
  private boolean step(long endNanos) {
    long at = nextAtNanos();
    if (at > endNanos) {
      return false;
    }
    if (at > elapsedNanos) {
      elapsedNanos = at;
      callsAtThisTime = 0;
    }
    Task task = tasks.peek();
    if (task != null && task.atNanos <= elapsedNanos) {
      tasks.remove();
      task.action.run();
      pumpAll();
      return true;
    }
    for (Node node : nodes) {
      if (deadlineNanos(node) <= elapsedNanos) {
        countCall(node);
        node.endpoint.onDeadline(nowNanos());
        pump(node);
      }
    }
    return true;
  }

  private long nextAtNanos() {
    Task task = tasks.peek();
    long at = task == null ? Long.MAX_VALUE : task.atNanos;
    for (Node node : nodes) {
      at = Math.min(at, deadlineNanos(node));
    }
    return at;
  }

  /// The deadline of an endpoint on the network's own clock, which does not wrap.
  private long deadlineNanos(Node node) {
    long deadline = node.endpoint.nextDeadlineNanos();
    if (deadline == SimulatedEndpoint.NO_DEADLINE) {
      return Long.MAX_VALUE;
    }
    return Math.max(elapsedNanos, elapsedNanos + (deadline - nowNanos()));
  }

  private void pumpAll() {
    nodes.forEach(this::pump);
  }

  private void pump(Node node) {
    boolean moved;
    do {
      countCall(node);
      moved = node.endpoint.work(nowNanos());
      ByteBuf datagram = node.endpoint.transmit(nowNanos());
      while (datagram != null) {
        countCall(node);
        moved = true;
        node.out().send(datagram);
        datagram = node.endpoint.transmit(nowNanos());
      }
    } while (moved);
  }

  private void countCall(Node node) {
    if (++callsAtThisTime > MAX_CALLS_AT_ONE_TIME) {
      throw failure(node + " never comes to rest");
    }
  }

  void deliver(Node to, ByteBuf datagram, long delayNanos) {
    underWay.add(datagram);
    schedule(
        delayNanos,
        () -> {
          underWay.remove(datagram);
          to.endpoint.receive(datagram, nowNanos());
        });
  }

  private AssertionError failure(String what) {
    return new AssertionError(
        "seed %d, at %d ms: %s".formatted(seed, elapsedNanos / 1_000_000, what));
  }

  @Override
  public void close() {
    underWay.forEach(ByteBuf::release);
    underWay.clear();
    tasks.clear();
  }
}
