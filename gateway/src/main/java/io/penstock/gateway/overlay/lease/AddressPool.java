package io.penstock.gateway.overlay.lease;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.gateway.overlay.lease.LeaseGrant.Refusal;
import io.penstock.gateway.store.LeaseTable;
import io.penstock.gateway.store.OverlayStorage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredLease;
import java.io.IOException;
import java.math.BigInteger;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The addresses of the overlay: gives each node one of each family, and takes it back only after a
/// hold.
///
/// ```
///            allocate               putOnHold
///    free ────────────► assigned ──────────────► on hold ──later than the hold──► free
///                           ▲ allocate by the same node │
///                           └───────────────────────────┘
/// ```
///
/// - Every grant has a new generation, also when the node keeps its address. What ends a tunnel
///   names the lease that the tunnel had; if a newer tunnel has been granted the address since, the
///   older one's end changes nothing.
/// - A node that registers again gets its own address: when it asks for any, or for that one. If it
///   asks for another one it loses the first only if it gets the other.
/// - Of the free addresses each is as likely as any other. Nothing of the size of the range is ever
///   made, so a range may have 2^96 addresses.
/// - What is true stands in the database; here is only what could not be written to it yet.
/// - Several gateways may share the database. Each lease has the gateway that granted it, and only
///   that one says that its tunnel has ended.
///
/// Blocks on the database; safe for use by several threads, which take turns, because listeners are
/// to hear of changes in their order.
public final class AddressPool {

  private static final Logger LOG = LoggerFactory.getLogger(AddressPool.class);

  /// In a range that is half full, all of them fail once in four thousand million times; then the
  /// taken addresses are counted.
  private static final int RANDOM_TRIES = 32;

  private final PoolConfig config;
  private final UUID gateway;
  private final OverlayStorage storage;
  private final InstantSource clock;
  private final Random random;
  private final LeaseListener listener;
  private final ReentrantLock lock = new ReentrantLock();

  /// Leases whose tunnel ended while the database was away: at most one for each tunnel there was.
  private final Queue<StoredLease> unheld = new ConcurrentLinkedQueue<>();

  private boolean closed;

  private AddressPool(
      PoolConfig config,
      UUID gateway,
      OverlayStorage storage,
      InstantSource clock,
      RandomGenerator random,
      LeaseListener listener) {
    this.config = config;
    this.gateway = gateway;
    this.storage = storage;
    this.clock = clock;
    this.random = Random.from(random);
    this.listener = listener;
  }

  /// Takes up the leases where the gateway's last run left them, however it ended: those that were
  /// assigned are on hold from now on, and those outside the configured ranges are no more. Leases
  /// of other gateways stay as they are.
  ///
  /// @param gateway the id of this gateway, the same in each run
  /// @param listener hears of every lease that there is, and then of every change
  public static AddressPool open(
      PoolConfig config,
      UUID gateway,
      OverlayStorage storage,
      InstantSource clock,
      RandomGenerator random,
      LeaseListener listener)
      throws StorageException {
    AddressPool pool = new AddressPool(config, gateway, storage, clock, random, listener);
    pool.change(pool::takeUp);
    return pool;
  }

  /// Puts what is assigned on hold, as all tunnels of this gateway end now. Nothing is granted
  /// afterwards, and what is told of single tunnels changes nothing.
  ///
  /// @throws StorageException with the leases as they were, which the next start takes up
  public void close() throws StorageException {
    lock.lock();
    try {
      if (!closed) {
        change(this::holdAll);
      }
    } finally {
      closed = true;
      lock.unlock();
    }
  }

  // ---- what tunnels need ----

  /// Gives a node an address.
  public LeaseGrant allocate(UUID node, AddressWish wish) throws StorageException {
    lock.lock();
    try {
      return closed
          ? new LeaseGrant.Refused(Refusal.CLOSED)
          : change((leases, told) -> allocate(node, wish, leases, told));
    } finally {
      lock.unlock();
    }
  }

  /// Keeps the address for the node, whose tunnel has ended.
  ///
  /// If the database does not answer, that is done at a later [#sweep].
  ///
  /// @param lease as it was granted for that tunnel
  /// @return whether it still was the tunnel's
  public boolean putOnHold(StoredLease lease) {
    lock.lock();
    try {
      return !closed && change((leases, told) -> hold(lease, leases, told));
    } catch (StorageException e) {
      LOG.warn("cannot hold a lease address={} cause=\"{}\"", lease.address(), e.getMessage());
      unheld.add(lease);
      return false;
    } finally {
      lock.unlock();
    }
  }

  /// Frees the address at once.
  ///
  /// @param lease as it was granted
  /// @return whether it still was the tunnel's
  public boolean deallocate(StoredLease lease) throws StorageException {
    return change(
        (leases, told) -> {
          Optional<StoredLease> mine = current(lease, leases);
          mine.ifPresent(each -> free(each, leases, told));
          return mine.isPresent();
        });
  }

  /// Frees the addresses whose hold is over; to be called now and then.
  ///
  /// @return how many were freed
  public int sweep() throws StorageException {
    for (StoredLease late = unheld.peek(); late != null; late = unheld.peek()) {
      StoredLease lease = late;
      change((leases, told) -> hold(lease, leases, told));
      unheld.remove(lease);
    }
    return change(this::freeExpired);
  }

  // ---- what administrators need ----

  /// What became of a wish to free an address.
  public enum Release {
    /// It is free now.
    RELEASED,
    /// The node that has it has a tunnel.
    IN_USE,
    /// Nobody has it.
    NOBODYS
  }

  /// All leases in the order of their addresses.
  public List<StoredLease> leases() throws StorageException {
    return storage.withLeases(LeaseTable::all);
  }

  /// Frees an address that is on hold.
  public Release release(IpAddress address) throws StorageException {
    return change(
        (leases, told) -> {
          Optional<StoredLease> lease = leases.at(address);
          if (lease.isEmpty()) {
            return Release.NOBODYS;
          }
          if (lease.get().heldUntil().isEmpty()) {
            return Release.IN_USE;
          }
          free(lease.get(), leases, told);
          return Release.RELEASED;
        });
  }

  /// Forgets a node with its name, key and addresses; its tunnel has to be ended by the caller.
  ///
  /// @return whether there was one
  public boolean forget(UUID node) throws StorageException {
    return change(
        (leases, told) -> {
          for (IpFamily family : IpFamily.values()) {
            leases.of(node, family).ifPresent(lease -> free(lease, leases, told));
          }
          return leases.removeNode(node);
        });
  }

  // ---- within one transaction ----

  /// What happened in a transaction, for the listener once it is durable.
  private record Told(List<StoredLease> leased, List<StoredLease> freed) {
    Told() {
      this(new ArrayList<>(), new ArrayList<>());
    }
  }

  private interface Change<R> {
    R on(LeaseTable leases, Told told) throws StorageException;
  }

  private <R> R change(Change<R> change) throws StorageException {
    lock.lock();
    try {
      Told told = new Told();
      R result = storage.withLeases(leases -> change.on(leases, told));
      told.freed.forEach(listener::freed);
      for (StoredLease lease : told.leased) {
        tell(lease);
      }
      return result;
    } finally {
      lock.unlock();
    }
  }

  private void tell(StoredLease lease) {
    try {
      listener.leased(lease);
    } catch (IOException e) {
      LOG.warn("cannot tell of a lease address={} cause=\"{}\"", lease.address(), e.getMessage());
    }
  }

  private int takeUp(LeaseTable leases, Told told) {
    freeExpired(leases, told);
    for (StoredLease lease : leases.all()) {
      if (isOurs(lease) && !config.isForNodes(lease.address())) {
        free(lease, leases, told);
      } else if (isOurs(lease) && lease.heldUntil().isEmpty()) {
        put(held(lease), leases, told);
      } else {
        told.leased.add(lease);
      }
    }
    return told.leased.size();
  }

  private int holdAll(LeaseTable leases, Told told) {
    leases.all().stream()
        .filter(lease -> isOurs(lease) && lease.heldUntil().isEmpty())
        .forEach(lease -> put(held(lease), leases, told));
    return told.leased.size();
  }

  /// One that nobody is known to have granted may be ours.
  private boolean isOurs(StoredLease lease) {
    return lease.gateway().isEmpty() || lease.gateway().get().equals(gateway);
  }

  private LeaseGrant allocate(UUID node, AddressWish wish, LeaseTable leases, Told told) {
    long generation = leases.nextGeneration();
    Optional<IpPrefix> range = config.range(wish.family());
    if (range.isEmpty()) {
      return new LeaseGrant.Refused(Refusal.NO_SUCH_FAMILY);
    }
    if (!leases.hasNode(node)) {
      return new LeaseGrant.Refused(Refusal.UNKNOWN_NODE);
    }
    Optional<StoredLease> own = leases.of(node, wish.family());
    IpAddress address;
    switch (wish) {
      case AddressWish.Any _ when own.isPresent() -> address = own.get().address();
      case AddressWish.Exactly(var wanted)
          when own.isPresent() && own.get().address().equals(wanted) ->
          address = wanted;
      case AddressWish.Exactly(var wanted) -> {
        freeExpired(leases, told);
        Optional<Refusal> refusal = refusal(wanted, range.get(), leases);
        if (refusal.isPresent()) {
          return new LeaseGrant.Refused(refusal.get());
        }
        address = wanted;
      }
      case AddressWish.Any _ -> {
        freeExpired(leases, told);
        Optional<IpAddress> any = anyOf(range.get(), leases);
        if (any.isEmpty()) {
          return new LeaseGrant.Refused(Refusal.EXHAUSTED);
        }
        address = any.get();
      }
    }
    own.filter(lease -> !lease.address().equals(address))
        .filter(lease -> !told.freed.contains(lease))
        .ifPresent(lease -> free(lease, leases, told));
    StoredLease granted =
        new StoredLease(address, node, generation, Optional.empty(), Optional.of(gateway));
    put(granted, leases, told);
    return new LeaseGrant.Granted(granted);
  }

  private Optional<Refusal> refusal(IpAddress wanted, IpPrefix range, LeaseTable leases) {
    if (!range.contains(wanted)) {
      return Optional.of(Refusal.OUT_OF_RANGE);
    }
    if (!config.isForNodes(wanted)) {
      return Optional.of(Refusal.RESERVED);
    }
    return leases.at(wanted).map(_ -> Refusal.TAKEN);
  }

  /// Picks one of the free addresses, each as likely as the others: by trying at random, or where
  /// few are free by counting.
  private Optional<IpAddress> anyOf(IpPrefix range, LeaseTable leases) {
    BigInteger nodes = PoolConfig.nodes(range);
    for (int i = 0; i < RANDOM_TRIES; i++) {
      IpAddress address = range.at(PoolConfig.firstOffset().add(below(nodes)));
      if (leases.at(address).isEmpty()) {
        return Optional.of(address);
      }
    }
    List<BigInteger> taken =
        leases.all().stream()
            .map(StoredLease::address)
            .filter(range::contains)
            .map(address -> range.offsetOf(address).subtract(PoolConfig.firstOffset()))
            .sorted()
            .toList();
    BigInteger free = nodes.subtract(BigInteger.valueOf(taken.size()));
    if (free.signum() == 0) {
      return Optional.empty();
    }
    BigInteger place = below(free);
    for (BigInteger each : taken) {
      if (each.compareTo(place) <= 0) {
        place = place.add(BigInteger.ONE);
      }
    }
    return Optional.of(range.at(PoolConfig.firstOffset().add(place)));
  }

  private BigInteger below(BigInteger bound) {
    int bits = bound.subtract(BigInteger.ONE).bitLength();
    BigInteger number = new BigInteger(bits, random);
    while (number.compareTo(bound) >= 0) {
      number = new BigInteger(bits, random);
    }
    return number;
  }

  private boolean hold(StoredLease lease, LeaseTable leases, Told told) {
    if (leases.at(lease.address()).isEmpty()) {
      // Its node was forgotten while the tunnel began, which may have used it until now.
      told.freed.add(lease);
      return false;
    }
    Optional<StoredLease> mine =
        current(lease, leases).filter(current -> current.heldUntil().isEmpty());
    mine.ifPresent(current -> put(held(current), leases, told));
    return mine.isPresent();
  }

  private int freeExpired(LeaseTable leases, Told told) {
    List<StoredLease> expired = leases.expired(clock.instant());
    expired.forEach(lease -> free(lease, leases, told));
    return expired.size();
  }

  /// The lease as it is now, unless it has been granted anew.
  private static Optional<StoredLease> current(StoredLease granted, LeaseTable leases) {
    return leases
        .at(granted.address())
        .filter(now -> now.node().equals(granted.node()))
        .filter(now -> now.generation() == granted.generation());
  }

  private StoredLease held(StoredLease lease) {
    return lease.held(clock.instant().plus(config.hold()).truncatedTo(ChronoUnit.MILLIS));
  }

  private static void put(StoredLease lease, LeaseTable leases, Told told) {
    leases.put(lease);
    told.leased.add(lease);
  }

  private static void free(StoredLease lease, LeaseTable leases, Told told) {
    leases.remove(lease.address());
    told.freed.add(lease);
  }
}
