package io.penstock.gateway.overlay.router;

import io.penstock.protocol.netstack.icmp.IcmpError;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// Forwards IP packets between the tunnels of the overlay.
///
/// The methods here are the slow side: they change who has which address and may be called from any
/// thread, one at a time under one lock. The fast side is [Attached#receive]; it reads a snapshot
/// of the routes that is replaced as a whole, so that a takeover happens for all addresses of a
/// node at once, and never takes that lock.
///
/// An address has at most one entry: a tunnel, or a node that is away. It stays on hold until a
/// tunnel attaches with it or [#release] ends the lease; flows of an address end when it passes to
/// another node, and not when its own node reconnects.
public final class Router implements AutoCloseable {

  private final RouterConfig config;
  private final List<InetAddress> addresses;
  private final LongSupplier nanoClock;
  private final long secret;
  private final FlowTable flows;
  private final IcmpBudget icmpBudget;
  private final AtomicInteger senders = new AtomicInteger();
  private final Object lock = new Object();
  private final Map<Executor, RouterLoop> loops = new HashMap<>();
  private final Map<UUID, FlowOwner> owners = new HashMap<>();
  private final List<LeasedAddress> orphaned = new ArrayList<>();
  private OverlayPolicy policy;
  private volatile RouteTable routes = RouteTable.EMPTY;
  private volatile RouterLoop[] allLoops = new RouterLoop[0];
  private boolean closed;

  /// A router without tunnels.
  ///
  /// @param addresses its own, from which it sends ICMP errors: at most one of each family; without
  ///   one of a family it sends no errors of that family
  /// @param nanoClock a clock such as [System#nanoTime], which the loops read
  /// @param secret a random number that nobody outside can know
  public Router(
      RouterConfig config,
      List<InetAddress> addresses,
      OverlayPolicy policy,
      LongSupplier nanoClock,
      long secret) {
    if (addresses.stream().map(each -> each.getAddress().length).distinct().count()
        < addresses.size()) {
      throw new IllegalArgumentException(
          "addresses are " + addresses + ", allowed is one of each family");
    }
    this.config = config;
    this.addresses = List.copyOf(addresses);
    this.policy = policy;
    this.nanoClock = nanoClock;
    this.secret = secret;
    flows = new FlowTable(config.flows(), secret);
    icmpBudget = new IcmpBudget(config.icmpErrorsPerSecond(), secret);
  }

  /// Adds a tunnel; from now on its addresses lead to it, and to no other tunnel.
  ///
  /// A tunnel that loses its last address to this one is superseded. An address whose lease has a
  /// newer generation stays with whoever has it; when that leaves nothing, what is returned is not
  /// current.
  public Attached attach(NodeTunnel node) {
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the router is closed");
      }
      RouterLoop loop = loopOf(node.port().loop());
      PolicySubject subject = policy.subject(node.nodeName(), node.user());
      IcmpBudget budget = new IcmpBudget(config.icmpErrorsPerSourcePerSecond(), secret);
      Attached attached = new Attached(this, node, loop, subject, budget);
      publish(assigned(routes, attached, node.addresses()));
      if (!node.addresses().isEmpty() && attached.routes == 0) {
        attached.supersede();
      }
      onLoop(loop, attached::refreshMtu);
      return attached;
    }
  }

  /// Puts an address on hold for a node that has no tunnel, such as after a restart. A tunnel that
  /// loses its last address by that is told.
  public void hold(LeasedAddress address, UUID node) {
    synchronized (lock) {
      RouteEntry entry = entryOf(address);
      if (entry == null || entry.generation() < address.generation()) {
        publish(leased(routes, node, address, null));
        Attached displaced = entry == null ? null : entry.tunnel();
        if (displaced != null && displaced.routes == 0) {
          onLoop(displaced.loop(), displaced::tellDisplaced);
        }
      }
    }
  }

  /// Ends a lease: nobody has the address any more. Does nothing when its generation is newer.
  public void release(LeasedAddress address) {
    synchronized (lock) {
      RouteEntry entry = entryOf(address);
      if (entry != null && entry.generation() <= address.generation()) {
        lost(entry, address);
        publish(routes.without(address.high(), address.low()));
      }
    }
  }

  /// Lets other rules hold. Flows that were allowed by the old ones have to be allowed again.
  public void apply(OverlayPolicy changed) {
    synchronized (lock) {
      policy = changed;
      routes.forEach(
          entry -> {
            if (entry.tunnel() != null) {
              entry.tunnel().adopt(changed);
            }
          });
      flows.clear();
    }
  }

  /// What the router has done so far.
  public RouterReport report() {
    RouteTable table = routes;
    long[] onHold = new long[1];
    table.forEach(entry -> onHold[0] += entry.tunnel() == null ? 1 : 0);
    Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
    for (DropReason reason : DropReason.values()) {
      drops.put(reason, sum(loop -> loop.counters().drops(reason)));
    }
    Map<IcmpError, Long> icmpSent = new EnumMap<>(IcmpError.class);
    for (IcmpError error : IcmpError.values()) {
      icmpSent.put(error, sum(loop -> loop.counters().reports(error)));
    }
    return new RouterReport(
        table.size(),
        onHold[0],
        flows.size(),
        sum(LoopCounters.QUEUED_BYTES),
        sum(LoopCounters.RECEIVED_PACKETS),
        sum(LoopCounters.RECEIVED_BYTES),
        sum(LoopCounters.SENT_PACKETS),
        sum(LoopCounters.SENT_BYTES),
        sum(LoopCounters.CONGESTION_MARKS),
        sum(LoopCounters.ICMP_SUPPRESSED),
        drops,
        icmpSent);
  }

  private long sum(int counter) {
    return sum(loop -> loop.counters().value(counter));
  }

  private long sum(ToLongFunction<RouterLoop> value) {
    long sum = 0;
    for (RouterLoop loop : allLoops) {
      sum += value.applyAsLong(loop);
    }
    return sum;
  }

  /// Detaches all tunnels and drops what waits. Tunnels attached later are refused.
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      RouteTable before = routes;
      routes = RouteTable.EMPTY;
      before.forEach(
          entry -> {
            if (entry.tunnel() != null && entry.tunnel().isCurrent()) {
              end(entry.tunnel());
            }
          });
      for (RouterLoop loop : allLoops) {
        onLoop(loop, loop::abandonInbound);
      }
    }
  }

  RouterConfig config() {
    return config;
  }

  List<InetAddress> addresses() {
    return addresses;
  }

  RouteTable routes() {
    return routes;
  }

  FlowTable flows() {
    return flows;
  }

  IcmpBudget icmpBudget() {
    return icmpBudget;
  }

  Sender newSender() {
    return new Sender(senders.incrementAndGet());
  }

  void reassign(Attached attached, List<LeasedAddress> addresses) {
    synchronized (lock) {
      if (!attached.isCurrent() || closed) {
        return;
      }
      RouteTable held = routes.onHold(attached);
      attached.routes = 0;
      publish(assigned(held, attached, addresses));
      if (!addresses.isEmpty() && attached.routes == 0) {
        end(attached);
      }
    }
  }

  void detach(Attached attached) {
    synchronized (lock) {
      if (attached.isCurrent()) {
        publish(routes.onHold(attached));
        attached.routes = 0;
        end(attached);
      }
    }
  }

  /// Lets a table hold, and only then ends the flows of addresses whose node has lost them, so that
  /// nobody else inherits one.
  private void publish(RouteTable table) {
    routes = table;
    orphaned.forEach(address -> flows.forget(address.high(), address.low()));
    orphaned.clear();
  }

  private RouteTable assigned(RouteTable table, Attached attached, List<LeasedAddress> addresses) {
    RouteTable changed = table;
    for (LeasedAddress address : addresses) {
      RouteEntry entry = changed.lookup(address.high(), address.low());
      if (entry == null || entry.generation() <= address.generation()) {
        changed = leased(changed, attached.nodeId(), address, attached);
      }
    }
    return changed;
  }

  /// The table in which a node has an address. Its flows stay when it had the address before, and a
  /// tunnel that loses its last address to another ends.
  private RouteTable leased(
      RouteTable table, UUID node, LeasedAddress address, @Nullable Attached tunnel) {
    FlowOwner owner = owners.computeIfAbsent(node, _ -> new FlowOwner());
    owner.addresses++;
    if (tunnel != null) {
      tunnel.routes++;
    }
    RouteEntry before = table.lookup(address.high(), address.low());
    if (before != null) {
      lost(before, before.node().equals(node) ? null : address);
    }
    RouteEntry entry = new RouteEntry(node, address.generation(), owner, tunnel);
    return table.with(address.high(), address.low(), entry);
  }

  /// Notes that an entry will no longer be in the table; `orphan` is its address when its node has
  /// lost it.
  private void lost(RouteEntry entry, @Nullable LeasedAddress orphan) {
    if (orphan != null) {
      orphaned.add(orphan);
    }
    entry.owner().addresses--;
    if (entry.owner().addresses == 0) {
      owners.remove(entry.node());
    }
    Attached tunnel = entry.tunnel();
    if (tunnel != null) {
      tunnel.routes--;
      if (tunnel.routes == 0) {
        end(tunnel);
      }
    }
  }

  private @Nullable RouteEntry entryOf(LeasedAddress address) {
    return routes.lookup(address.high(), address.low());
  }

  private static void end(Attached attached) {
    attached.supersede();
    onLoop(attached.loop(), () -> attached.abandon(DropReason.DETACHED));
  }

  private static void onLoop(RouterLoop loop, Runnable task) {
    try {
      loop.executor().execute(task);
    } catch (RejectedExecutionException e) {
      // The loop has ended, so nobody else is there.
      task.run();
    }
  }

  private RouterLoop loopOf(Executor executor) {
    RouterLoop loop = loops.get(executor);
    if (loop == null) {
      loop = new RouterLoop(this, loops.size(), executor, nanoClock);
      loops.put(executor, loop);
      allLoops = loops.values().toArray(new RouterLoop[0]);
    }
    return loop;
  }
}
