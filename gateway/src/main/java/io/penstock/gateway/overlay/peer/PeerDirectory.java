package io.penstock.gateway.overlay.peer;

import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.gateway.overlay.lease.LeaseListener;
import io.penstock.gateway.store.OverlayStorage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredLease;
import io.penstock.gateway.store.StoredNode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// The nodes that have addresses, in memory: what the address pool says, with the names that the
/// storage has for it.
///
/// A node is in it from its first lease until its last one is free, so its name is known while it
/// is away for a short time. Lookups by name, address and id neither block nor take a lock; changes
/// are told to at most [#MAX_FEEDS] listeners.
public final class PeerDirectory implements LeaseListener {

  /// Each is a connection and a thread that waits; a node needs one.
  static final int MAX_FEEDS = 4096;

  /// By how much what is told of a peer's last handshake may be behind.
  static final Duration HANDSHAKE_SPACING = Duration.ofMinutes(2);

  /// A peer with the leases that make it one.
  private record Entry(
      StoredNode node, TreeMap<IpAddress, StoredLease> leases, Optional<Instant> lastHandshake) {
    PeerInfo info() {
      return new PeerInfo(
          node.id(),
          node.name(),
          node.user(),
          leases.keySet().stream().toList(),
          leases.values().stream().anyMatch(lease -> lease.heldUntil().isEmpty()),
          leases.values().stream()
              .collect(Collectors.toMap(StoredLease::address, StoredLease::generation)),
          lastHandshake);
    }
  }

  private final OverlayStorage storage;
  private final ConcurrentHashMap<UUID, PeerInfo> byId = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, PeerInfo> byName = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<IpAddress, PeerInfo> byAddress = new ConcurrentHashMap<>();

  // Guarded by this, as is the order of events.
  private final TreeMap<UUID, Entry> entries = new TreeMap<>();
  private final Set<PeerFeed> feeds = new HashSet<>();
  private final AtomicLong revision = new AtomicLong();

  /// Makes an empty directory, to be given to an address pool that fills it.
  public PeerDirectory(OverlayStorage storage) {
    this.storage = storage;
  }

  // ---- what changes it ----

  /// Takes a lease in; blocks on the storage for a node that has had none.
  @Override
  public void leased(StoredLease lease) throws StorageException {
    Optional<StoredNode> named =
        byId.containsKey(lease.node()) ? Optional.empty() : storage.node(lease.node());
    synchronized (this) {
      Entry entry = entries.get(lease.node());
      if (entry == null) {
        if (named.isEmpty()) {
          return;
        }
        entry = new Entry(named.get(), new TreeMap<>(), Optional.empty());
        entries.put(lease.node(), entry);
      }
      entry.leases.put(lease.address(), lease);
      publish(entry);
    }
  }

  @Override
  public synchronized void freed(StoredLease lease) {
    Entry entry = entries.get(lease.node());
    if (entry == null || entry.leases.remove(lease.address()) == null) {
      return;
    }
    byAddress.remove(lease.address());
    if (!entry.leases.isEmpty()) {
      publish(entry);
      return;
    }
    entries.remove(lease.node());
    PeerInfo last = byId.remove(lease.node());
    if (last != null) {
      byName.remove(last.name());
      tell(new PeerEvent.Deleted(revision.incrementAndGet(), last));
    }
  }

  /// A node's tunnel has come about, or its session was renewed. An idle node renews every few
  /// seconds, and every change goes to all others: so what comes within [#HANDSHAKE_SPACING] of the
  /// last handshake that was told is left out.
  public synchronized void handshaken(UUID node, Instant at) {
    Entry entry = entries.get(node);
    if (entry == null || entry.lastHandshake.filter(told -> isRecent(told, at)).isPresent()) {
      return;
    }
    Entry next =
        new Entry(entry.node, entry.leases, Optional.of(at.truncatedTo(ChronoUnit.SECONDS)));
    entries.put(node, next);
    publish(next);
  }

  private static boolean isRecent(Instant told, Instant at) {
    Duration since = Duration.between(told, at);
    return !since.isNegative() && since.compareTo(HANDSHAKE_SPACING) < 0;
  }

  private void publish(Entry entry) {
    PeerInfo now = entry.info();
    PeerInfo before = byId.put(now.id(), now);
    byName.put(now.name(), now);
    now.addresses().forEach(address -> byAddress.put(address, now));
    if (!now.equals(before)) {
      tell(new PeerEvent.Upserted(revision.incrementAndGet(), now));
    }
  }

  private void tell(PeerEvent event) {
    feeds.forEach(feed -> feed.put(event));
  }

  // ---- what looks at it ----

  /// The peer with this id.
  public Optional<PeerInfo> byId(UUID id) {
    return Optional.ofNullable(byId.get(id));
  }

  /// The peer with this name, in lower case.
  public Optional<PeerInfo> byName(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /// The peer that has this address.
  public Optional<PeerInfo> byAddress(IpAddress address) {
    return Optional.ofNullable(byAddress.get(address));
  }

  /// How many changes there have been.
  public long revision() {
    return revision.get();
  }

  /// All peers of a kind, with the count of changes that has led there.
  public synchronized PeerSnapshot snapshot(Predicate<PeerInfo> which) {
    return new PeerSnapshot(
        revision.get(),
        byId.values().stream().filter(which).sorted(Comparator.comparing(PeerInfo::name)).toList());
  }

  /// Starts to tell of every change from now on; a snapshot that is taken afterwards may have some
  /// of them already, as its revision says.
  ///
  /// @return empty when there are as many listeners as there may be
  public synchronized Optional<PeerFeed> listen() {
    if (feeds.size() >= MAX_FEEDS) {
      return Optional.empty();
    }
    PeerFeed feed = new PeerFeed(this);
    feeds.add(feed);
    return Optional.of(feed);
  }

  synchronized void forget(PeerFeed feed) {
    feeds.remove(feed);
  }
}
