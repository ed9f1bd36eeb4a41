package io.penstock.node.peer;

import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// The peers of a node, as its gateway has told of them.
///
/// A connection is identified by the lease that its other end had when it began ([#leaseAt]), and
/// later only as long as the same node has the address ([#whoIs]). A lease that was not known then,
/// or is not known now, yields nobody; it never yields another node. For that, what is known is
/// trusted for new connections only while the gateway is heard ([#lost]).
///
/// Safe for use by several threads; only [#awaitFirst] and [#awaitChange] block.
public final class PeerBook {

  /// A peer at one of its addresses.
  ///
  /// @param generation of its lease now
  /// @param firstGeneration of its first lease since it has had the address
  /// @param sinceNanos since when it is known to have the address, without anything missed
  private record Tenant(PeerInfo peer, long generation, long firstGeneration, long sinceNanos) {

    boolean is(UUID node) {
      return peer.id().equals(node);
    }
  }

  private enum Hearing {
    NEVER,
    LIVE,
    LOST
  }

  private final LongSupplier nanos;
  private final Map<UUID, PeerInfo> byId = new HashMap<>();
  private final Map<IpAddress, Tenant> tenants = new HashMap<>();
  private Hearing hearing = Hearing.NEVER;
  private long version;

  /// An empty book that nobody fills yet.
  ///
  /// @param nanos the clock by which connections say when they began
  public PeerBook(LongSupplier nanos) {
    this.nanos = nanos;
  }

  // ---- what the gateway says ----

  /// All peers; what was known before is void where it differs.
  public synchronized void snapshot(PeerSnapshot all) {
    Map<IpAddress, Tenant> before = Map.copyOf(tenants);
    byId.clear();
    tenants.clear();
    for (PeerInfo peer : all.items()) {
      byId.put(peer.id(), peer);
      peer.generations()
          .forEach(
              (address, generation) -> {
                Tenant had = before.get(address);
                if (had == null || !had.is(peer.id())) {
                  tenants.put(address, arrived(peer, generation));
                } else if (had.generation() == generation) {
                  // The very same lease cannot have been anybody else's in between.
                  tenants.put(address, with(had, peer, generation));
                } else {
                  tenants.put(
                      address,
                      new Tenant(peer, generation, had.firstGeneration(), nanos.getAsLong()));
                }
              });
    }
    hearing = Hearing.LIVE;
    changed();
  }

  /// One is new, or has changed.
  public synchronized void upserted(PeerInfo peer) {
    tenants
        .entrySet()
        .removeIf(
            entry ->
                entry.getValue().is(peer.id()) && !peer.generations().containsKey(entry.getKey()));
    byId.put(peer.id(), peer);
    peer.generations()
        .forEach(
            (address, generation) -> {
              Tenant had = tenants.get(address);
              tenants.put(
                  address,
                  had != null && had.is(peer.id())
                      ? with(had, peer, generation)
                      : arrived(peer, generation));
            });
    changed();
  }

  private Tenant arrived(PeerInfo peer, long generation) {
    return new Tenant(peer, generation, generation, nanos.getAsLong());
  }

  private static Tenant with(Tenant had, PeerInfo peer, long generation) {
    return new Tenant(peer, generation, had.firstGeneration(), had.sinceNanos());
  }

  /// One is gone.
  public synchronized void deleted(PeerInfo peer) {
    byId.remove(peer.id());
    tenants.values().removeIf(tenant -> tenant.is(peer.id()));
    changed();
  }

  /// The gateway is not heard any more; new connections are anybody's until the next snapshot.
  public synchronized void lost() {
    if (hearing == Hearing.LIVE) {
      hearing = Hearing.LOST;
    }
    changed();
  }

  private void changed() {
    version++;
    notifyAll();
  }

  // ---- who is where ----

  /// The lease of an address when a connection began, if it was known for certain.
  ///
  /// @param beganNanos by the clock of this book
  public synchronized Optional<SeenLease> leaseAt(IpAddress address, long beganNanos) {
    Tenant tenant = tenants.get(address);
    return isLive() && tenant != null && tenant.sinceNanos() - beganNanos <= 0
        ? Optional.of(new SeenLease(address, tenant.generation(), tenant.peer().id()))
        : Optional.empty();
  }

  /// Whose lease it is, if it is still the same node's.
  public synchronized Optional<PeerInfo> whoIs(SeenLease lease) {
    Tenant tenant = tenants.get(lease.address());
    boolean same =
        tenant != null && tenant.is(lease.node()) && tenant.firstGeneration() <= lease.generation();
    return tenant != null && same ? Optional.of(tenant.peer()) : Optional.empty();
  }

  /// Who has an address now; empty while the gateway is not heard.
  public synchronized Optional<PeerInfo> whoIs(IpAddress address) {
    return Optional.ofNullable(tenants.get(address)).filter(_ -> isLive()).map(Tenant::peer);
  }

  /// All peers by their names, as they were last told.
  public synchronized PeerSnapshot all() {
    return new PeerSnapshot(
        version, byId.values().stream().sorted(Comparator.comparing(PeerInfo::name)).toList());
  }

  /// The peer with this label, in lower case.
  public synchronized Optional<PeerInfo> byName(String label) {
    return byId.values().stream().filter(peer -> peer.name().equals(label)).findFirst();
  }

  // ---- waiting ----

  /// Whether the gateway is heard.
  public synchronized boolean isLive() {
    return hearing == Hearing.LIVE;
  }

  /// Blocks until the gateway has told of the peers for the first time, or for the limit at most.
  public synchronized void awaitFirst(Duration limit) throws InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    long left = limit.toNanos();
    while (hearing == Hearing.NEVER && left > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
      left = until - System.nanoTime();
    }
  }

  /// Counts what the gateway has told, and each time that it was lost.
  public synchronized long version() {
    return version;
  }

  /// Blocks until there is something newer than a version, or for the limit at most; whether there
  /// is.
  public synchronized boolean awaitChange(long seen, Duration limit) throws InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    long left = limit.toNanos();
    while (version == seen && left > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
      left = until - System.nanoTime();
    }
    return version != seen;
  }
}
