package io.penstock.node.up;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.api.IpAddress;
import io.penstock.node.retry.Backoff;
import io.penstock.node.store.DirectoryLock;
import io.penstock.node.vpn.os.LinuxNetwork;
import io.penstock.node.vpn.os.LinuxNetworkConfig;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.node.vpn.os.UpRights;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.PenstockLink;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives this machine an overlay interface until it is closed.
///
/// ```
///   Starting ──joined, settings applied──► Up ──tunnel process ends──► Restarting
///      │                                    ▲                              │
///      │ failed, closed                     └──────────────────────────────┘
///      └──────────────► Down ◄── closed, from wherever it is
/// ```
///
/// The interface lives as long as this: a tunnel process that is killed is started again, and finds
/// addresses and routes as they were. One thread does it all; every method may be called by any.
public final class MachineNode implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(MachineNode.class);

  private static final Duration LOOPS_LIMIT = Duration.ofSeconds(5);

  private final UpConfig config;
  private final Consumer<UpReport> listener;
  private final CompletableFuture<UpStatus.Down> ended = new CompletableFuture<>();
  private final StoppableWaits waits = new StoppableWaits();
  private final Thread thread;

  private volatile UpStatus status = new UpStatus.Starting("");
  private volatile Optional<TunnelRun> run = Optional.empty();
  private volatile Optional<OsNetwork> network = Optional.empty();

  private MachineNode(UpConfig config, Consumer<UpReport> listener) {
    this.config = config;
    this.listener = listener;
    thread = Thread.ofVirtual().name("penstock-up").unstarted(this::run);
  }

  /// Begins, and returns at once.
  ///
  /// @param listener is told of each change of the status and of the machine's settings, one after
  ///   the other, by threads that go on afterwards
  public static MachineNode start(UpConfig config, Consumer<UpReport> listener) {
    MachineNode node = new MachineNode(config, listener);
    node.thread.start();
    return node;
  }

  /// What of the rights that it takes this process lacks; nothing is changed.
  public static UpRights rights(UpConfig config) {
    return UpRights.check(network(config, Set.of()));
  }

  /// Takes back what a process that was killed has left on this machine.
  ///
  /// @param state the directory of [UpConfig#state]
  /// @return what was done, a line each; nothing when there was nothing to do
  /// @throws IOException when a living process uses the directory, or something could not be taken
  ///   back, which stays in the journal
  public static List<String> undo(Path state) throws IOException {
    return LinuxNetwork.undo(UpConfig.journal(state));
  }

  /// What this knows about the machine, before it is changed.
  ///
  /// @param underlay the addresses of the gateway
  static LinuxNetworkConfig network(UpConfig config, Set<IpAddress> underlay) {
    return LinuxNetworkConfig.of(config.link(), config.journal(), underlay)
        .withGatewayHost(config.gateway().host())
        .with(config.dns());
  }

  private OsSettings settings() {
    return network.map(OsNetwork::settings).orElse(OsSettings.NONE);
  }

  /// How it is doing, with all that it knows of the others.
  public UpReport report() {
    return UpReport.of(
        config,
        status,
        run.map(TunnelRun::link).orElseGet(PenstockLink::getDefaultInstance),
        settings(),
        run.map(TunnelRun::peers).orElseGet(PeerUpdate::getDefaultInstance));
  }

  /// Waits until it is over.
  public UpStatus.Down awaitDown() throws InterruptedException {
    try {
      return ended.get();
    } catch (ExecutionException e) {
      throw new AssertionError("an end is never a failure", e);
    }
  }

  /// Has it end, and does not wait for that; see [#awaitDown].
  public void stop() {
    waits.stop();
  }

  /// Takes everything back and waits for that, unless it is interrupted. Repeatable.
  @Override
  public void close() {
    stop();
    try {
      var _ = awaitDown();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the thread ----

  private void run() {
    String why;
    try {
      carry();
      why = "";
    } catch (InterruptedException e) {
      // It was asked for, but not everything may have been taken back.
      why = Stream.of(e.getSuppressed()).map(MachineNode::said).collect(Collectors.joining("; "));
    } catch (IOException | RuntimeException e) {
      LOG.debug("no overlay on this machine", e);
      why = said(e);
    } catch (Error e) {
      end(new UpStatus.Down("this is a bug: " + e));
      throw e;
    }
    end(new UpStatus.Down(why));
  }

  private void end(UpStatus.Down down) {
    try {
      become(down);
    } finally {
      ended.complete(down);
    }
  }

  private static String said(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private synchronized void become(UpStatus next) {
    status = next;
    listener.accept(report());
  }

  private synchronized void tell() {
    listener.accept(report());
  }

  private void step(String step) {
    become(new UpStatus.Starting(step));
  }

  private void carry() throws IOException, InterruptedException {
    Files.createDirectories(
        config.state(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "penstock-up");
    // The API outlives all that is changed: while it answers, the machine may not be as it was.
    try (DirectoryLock _ = lock();
        UpApi _ = UpApi.start(loops.next(), config.state(), this)) {
      // What a killed predecessor has left may stand in the way of looking for anything.
      undo(config.state()).forEach(LOG::info);
      step("looking for the gateway " + config.gateway());
      Set<IpAddress> underlay =
          waits.await(() -> GatewayLookup.of(config.gateway().host(), config.lookupLimit()));
      try (LinuxNetwork opened = LinuxNetwork.open(network(config, underlay));
          TunDevice device = TunDevice.open(device())) {
        network = Optional.of(opened);
        carry(loops, opened, device);
      } finally {
        network = Optional.empty();
      }
    } finally {
      NativeSupport.endEventLoops(loops, LOOPS_LIMIT).awaitUninterruptibly();
    }
  }

  private DirectoryLock lock() throws IOException {
    return DirectoryLock.take(config.state())
        .orElseThrow(
            () ->
                new IOException(
                    "another penstock up runs with the directory %s; end it first, with \"penstock down\""
                        .formatted(config.state())));
  }

  /// The MTU is what every path of an overlay carries; the tunnel asks for what this one does.
  private TunConfig device() {
    return TunConfig.builder().name(config.link()).mtu(Ipv6Header.MIN_MTU_BYTES).build();
  }

  private void carry(MultiThreadIoEventLoopGroup loops, OsNetwork network, TunDevice device)
      throws IOException, InterruptedException {
    Backoff backoff =
        new Backoff(
            config.backoffLeast(),
            config.backoffMost(),
            () -> ThreadLocalRandom.current().nextDouble());
    boolean first = true;
    while (true) {
      String why;
      long begun = System.nanoTime();
      try (TunnelRun now =
          TunnelRun.start(config, loops.next(), network, device, this::tell, this::step, waits)) {
        run = Optional.of(now);
        first = false;
        become(new UpStatus.Up());
        TunnelRun.End end;
        try (SleepWatch _ = SleepWatch.start(now)) {
          end = waits.await(now::awaitEnd);
        }
        if (end.deviceLost()) {
          throw new DeviceLostException(end.why());
        }
        why = end.why();
        become(new UpStatus.Restarting(why));
      } catch (IOException e) {
        if (first || e instanceof DeviceLostException) {
          throw e;
        }
        why = said(e);
        become(new UpStatus.Restarting(why));
      } finally {
        run = Optional.empty();
      }
      if (System.nanoTime() - begun > config.backoffMost().toNanos()) {
        backoff.reset();
      }
      Duration wait = Duration.ofNanos(backoff.nextNanos());
      LOG.info("the tunnel is started again wait={} cause=\"{}\"", wait, why);
      waits.await(
          () -> {
            Thread.sleep(wait);
            return wait;
          });
    }
  }

  /// Somebody has removed the interface: to begin anew is all that helps.
  private static final class DeviceLostException extends IOException {

    private static final long serialVersionUID = 1L;

    private DeviceLostException(String message) {
      super(message);
    }
  }
}
