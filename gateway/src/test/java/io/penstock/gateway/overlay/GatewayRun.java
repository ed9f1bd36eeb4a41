package io.penstock.gateway.overlay;

import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.router.OverlayPolicy;
import io.penstock.gateway.overlay.router.Router;
import io.penstock.gateway.overlay.router.RouterConfig;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.overlay.session.NodeTokens;
import io.penstock.gateway.overlay.session.SessionConfig;
import io.penstock.gateway.overlay.session.SessionGuard;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredToken;
import io.penstock.testkit.SimulatedNetwork;
import io.penstock.testkit.VirtualLoop;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/// One life of a [VirtualGateway], from a start to the next kill: the parts that `Overlay` joins
/// over QUIC.
final class GatewayRun {

  /// The largest packet that every link takes.
  static final int MTU_BYTES = 1280;

  private static final Duration SWEEP_INTERVAL = Duration.ofSeconds(30);

  /// What one question to the storage takes at most, on the threads for what blocks.
  private static final long MAX_BLOCKED_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /// What stays from one life to the next.
  record Surroundings(
      UUID id,
      PoolConfig addresses,
      SessionConfig sessions,
      Storage storage,
      Clock clock,
      SimulatedNetwork network,
      VirtualLoop loop,
      SplittableRandom random) {}

  private interface Chore {
    void run() throws StorageException;
  }

  private final Surroundings around;
  private final AddressPool pool;
  private final Router router;
  private final NodeTokens tokens;
  private final NodeValidator validator;
  private final NodeAllocator allocator;
  private final LiveTunnels tunnels;
  private final List<ScheduledFuture<?>> chores = new ArrayList<>();
  private boolean alive = true;

  GatewayRun(Surroundings around) throws StorageException {
    this.around = around;
    router =
        new Router(
            RouterConfig.DEFAULT,
            List.of(),
            OverlayPolicy.SAME_USER_ONLY,
            around.network::nowNanos,
            around.random.nextLong());
    pool =
        AddressPool.open(
            around.addresses,
            around.id,
            around.storage.overlay(),
            around.clock,
            around.random.split(),
            new RouterLeases(router));
    tokens =
        new NodeTokens(
            around.sessions, "overlay:simulated", around.storage.overlay(), around.clock);
    validator = new NodeValidator(new SessionGuard(tokens, around.storage));
    allocator = new NodeAllocator(pool, OverlaySettings.DEFAULT_ISD_AS);
    tunnels = new LiveTunnels(around.storage);
    every(LiveTunnels.CHECK_INTERVAL, tunnels::check);
    every(SWEEP_INTERVAL, pool::sweep);
  }

  private void every(Duration interval, Chore chore) {
    chores.add(
        around.loop.scheduleWithFixedDelay(
            () ->
                outside(
                    () -> {
                      try {
                        chore.run();
                      } catch (StorageException e) {
                        throw new IllegalStateException(e);
                      }
                    }),
            interval.toNanos(),
            interval.toNanos(),
            TimeUnit.NANOSECONDS));
  }

  /// Does what asks the storage a little later, unless there is no gateway by then.
  void outside(Runnable task) {
    around.network.schedule(
        around.random.nextLong(MAX_BLOCKED_NANOS),
        () -> {
          if (alive) {
            task.run();
          }
        });
  }

  String session(UUID node, StoredToken apiToken) throws StorageException {
    return tokens.issue(node, apiToken).token();
  }

  AddressPool pool() {
    return pool;
  }

  Router router() {
    return router;
  }

  NodeValidator validator() {
    return validator;
  }

  NodeAllocator allocator() {
    return allocator;
  }

  LiveTunnels tunnels() {
    return tunnels;
  }

  Clock clock() {
    return around.clock;
  }

  SplittableRandom random() {
    return around.random;
  }

  /// Is gone from one moment to the next; only memory is given back.
  void vanish() {
    alive = false;
    chores.forEach(chore -> chore.cancel(false));
    router.close();
  }
}
