package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.node.store.DirectoryLock;
import io.penstock.node.vpn.os.LinuxNetworkConfig.Dns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The network settings of an interface of Linux, by the program `ip` and what the machine has for
/// DNS.
///
/// ```
///   apply ─► guard ─► journal ─► steps, each with its way back ─► look at the way to the gateway ─► journal
///             │          │                │                                  │
///          refused    on the disk      one fails: all back             captured: all back
/// ```
///
/// Addresses, the routes over the interface and systemd-resolved's settings for it vanish with the
/// interface, which is never made to stay. Everything else is in the journal before it is done.
/// When the machine has another way to the gateway than before, [#apply] of the same settings moves
/// the routes that lead around the tunnel.
///
/// It blocks for some milliseconds for each change, and works in the namespaces of the calling
/// thread. Any thread may change and close it; who comes second waits for the first.
public final class LinuxNetwork implements OsNetwork {

  private static final Logger LOG = LoggerFactory.getLogger(LinuxNetwork.class);

  private final LinuxNetworkConfig config;
  private final Command ip;
  private final RouteTable table;
  private final RouteGuard guard;
  private final HostDns dns;
  private final UndoJournal journal;
  private final Consumer<String> watcher;
  private final DirectoryLock lock;

  private enum State {
    OPEN,
    CLOSED
  }

  private State state = State.OPEN;
  private volatile OsSettings settings = OsSettings.NONE;
  private List<UnderlayRoute> underlayRoutes = List.of();

  /// What may be there still of changes that could not be taken back whole.
  private List<UndoEntry> leftOver = List.of();

  private LinuxNetwork(
      LinuxNetworkConfig config,
      Command ip,
      HostDns dns,
      Consumer<String> watcher,
      DirectoryLock lock)
      throws IOException {
    this.config = config;
    this.ip = ip;
    this.table = new RouteTable(ip);
    this.dns = dns;
    this.journal = new UndoJournal(config.directory());
    this.watcher = watcher;
    this.lock = lock;
    Set<IpAddress> underlay = new LinkedHashSet<>(config.underlay());
    underlay.addAll(dns.upstream());
    this.guard = new RouteGuard(underlay, config.defaultRoute());
  }

  /// Begins, and first takes back what a killed predecessor has left.
  ///
  /// @throws IOException when another process uses the directory, a program is missing, or what was
  ///   left cannot be taken back; the message says what to do
  public static LinuxNetwork open(LinuxNetworkConfig config) throws IOException {
    return open(config, LOG::debug);
  }

  /// The same for a program that shows or logs what happens.
  ///
  /// @param watcher is told of each step before it is taken, on the calling thread
  public static LinuxNetwork open(LinuxNetworkConfig config, Consumer<String> watcher)
      throws IOException {
    Command ip = ip();
    DirectoryLock lock = lock(config.directory());
    try {
      undo(config.directory(), ip, watcher).forEach(LOG::info);
      return new LinuxNetwork(config, ip, dns(config), watcher, lock);
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /// Takes back what a process that was killed has left; for the unit's `ExecStopPost`.
  ///
  /// @return what was done, a line each; nothing when there was nothing to do
  /// @throws IOException when a living process uses the directory, or something could not be taken
  ///   back; what could not stays in the journal
  public static List<String> undo(Path directory) throws IOException {
    return undo(directory, LOG::debug);
  }

  /// The same for a program that shows or logs what happens.
  ///
  /// @param watcher is told of each thing before it is taken back, on the calling thread
  public static List<String> undo(Path directory, Consumer<String> watcher) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (DirectoryLock _ = lock(directory)) {
      return undo(directory, ip(), watcher);
    }
  }

  private static List<String> undo(Path directory, Command ip, Consumer<String> watcher)
      throws IOException {
    return new Undo(new UndoJournal(directory), ip, watcher).run();
  }

  private static Command ip() throws IOException {
    return Command.find("ip")
        .orElseThrow(
            () ->
                new IOException(
                    "the program \"ip\" is not there, with which addresses and routes are set;"
                        + " install the package iproute2"));
  }

  private static DirectoryLock lock(Path directory) throws IOException {
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return DirectoryLock.take(directory)
        .orElseThrow(
            () ->
                new IOException(
                    "another process has changed the network settings of this machine and still runs (%s is locked); stop it first, with \"penstock down\""
                        .formatted(directory)));
  }

  private static HostDns dns(LinuxNetworkConfig config) throws IOException {
    if (config.dns() == Dns.OFF) {
      return new NoDns();
    }
    Optional<HostDns> resolved = ResolvedDns.find(config.link(), config.resolvConf());
    return resolved.isPresent()
        ? resolved.get()
        : ResolvConfDns.of(config.resolvConf(), config.resolver());
  }

  @Override
  public OsSettings settings() {
    return settings;
  }

  @Override
  public synchronized void apply(OsSettings wanted) throws IOException {
    if (state == State.CLOSED) {
      throw new IOException(
          "the network settings of this machine were taken back already; nothing was changed");
    }
    guard.check(wanted);
    if (config.dns() != Dns.OFF) {
      new NameGuard(config.gatewayHost()).check(wanted);
    }
    List<UnderlayRoute> routes = underlayRoutes(wanted);
    HostDns.Change dnsChange = dns.change(settings.safeDns(), wanted.safeDns());
    List<UnderlayRoute> added = new ArrayList<>();
    for (UnderlayRoute route : routes) {
      if (!underlayRoutes.contains(route) || !table.has(route)) {
        added.add(route);
      }
    }
    List<UndoEntry> entries = entries();
    entries.addAll(added.stream().map(UndoEntry.Route::new).toList());
    entries.addAll(dnsChange.entries());

    // A destination that is to be reached another way now: the kernel keeps one route for it.
    Set<IpPrefix> moved =
        added.stream().map(UnderlayRoute::destination).collect(Collectors.toSet());
    List<Step> early = new ArrayList<>();
    List<Step> late = new ArrayList<>();
    for (UnderlayRoute route : underlayRoutes) {
      if (!routes.contains(route) && table.has(route)) {
        (moved.contains(route.destination()) ? early : late).add(route.added(ip).reversed());
      }
    }

    List<Step> steps = new ArrayList<>(early);
    added.forEach(route -> steps.add(route.added(ip)));
    steps.addAll(linkSteps(wanted));
    if (!settings.safeDns().equals(wanted.safeDns())) {
      steps.add(dnsChange.step());
    }
    steps.addAll(late);
    steps.add(new WayToGateway(wanted));

    watcher.accept("write the journal");
    journal.write(entries);
    run(steps, entries);
    settings = wanted;
    underlayRoutes = routes;
    watcher.accept("write the journal");
    journal.write(entries());
  }

  private void run(List<Step> steps, List<UndoEntry> entries) throws IOException {
    try {
      new Steps(watcher).run(steps);
    } catch (IOException | RuntimeException e) {
      if (e.getSuppressed().length > 0) {
        leftOver = entries;
        throw new IOException(
            "the network settings were not put in place: %s; and not all of it could be taken back: %s; \"penstock down\" tries that again"
                .formatted(
                    e.getMessage(),
                    Stream.of(e.getSuppressed()).map(LinuxNetwork::withCause).toList()),
            e);
      }
      journal.write(entries());
      throw e instanceof SettingsRefusedException refused
          ? refused
          : new IOException(
              "the network settings were not put in place, and nothing has changed: "
                  + e.getMessage(),
              e);
    }
  }

  private static String withCause(Throwable e) {
    return e.getCause() == null
        ? String.valueOf(e.getMessage())
        : e.getMessage() + ": " + e.getCause().getMessage();
  }

  /// What the journal says when nothing is under way.
  private List<UndoEntry> entries() {
    Set<UndoEntry> entries = new LinkedHashSet<>(leftOver);
    underlayRoutes.forEach(route -> entries.add(new UndoEntry.Route(route)));
    entries.addAll(dns.entries());
    return new ArrayList<>(entries);
  }

  private List<Step> linkSteps(OsSettings wanted) throws IOException {
    List<Step> steps = new ArrayList<>();
    if (settings.equals(OsSettings.NONE)) {
      steps.add(
          new IpStep(
              ip,
              List.of("link", "set", "dev", config.link(), "up"),
              List.of("link", "set", "dev", config.link(), "down")));
    }
    steps.addAll(new LinkPlan(ip, config.link(), table.mtu(config.link())).steps(settings, wanted));
    return steps;
  }

  /// The routes that keep exceptions on their way. A route that somebody else has made for one
  /// already does that.
  private List<UnderlayRoute> underlayRoutes(OsSettings wanted) throws IOException {
    List<UnderlayRoute> routes = new ArrayList<>();
    for (IpPrefix exception : guard.exceptions(wanted)) {
      if (!table.hasForeign(config.link(), exception)) {
        routes.add(
            table
                .wayAround(config.link(), exception)
                .orElseThrow(
                    () ->
                        new SettingsRefusedException(
                            "%s is not to go through the tunnel, but this machine has no other way to it; nothing was changed"
                                .formatted(exception))));
      }
    }
    return routes;
  }

  @Override
  public synchronized void close() throws IOException {
    if (state == State.CLOSED) {
      return;
    }
    state = State.CLOSED;
    try {
      undo(config.directory(), ip, watcher).forEach(LOG::debug);
      settings = OsSettings.NONE;
      underlayRoutes = List.of();
    } finally {
      dns.end();
      lock.close();
    }
  }

  /// Asks the kernel, with all rules and tables of this machine, where the tunnel's own packets
  /// would go now.
  private final class WayToGateway implements Step {

    private final OsSettings wanted;

    private WayToGateway(OsSettings wanted) {
      this.wanted = wanted;
    }

    @Override
    public void apply() throws IOException {
      for (IpAddress address : guard.addresses(wanted)) {
        if (table.interfaceTo(address).filter(config.link()::equals).isPresent()) {
          throw new SettingsRefusedException(
              "with these routes packets to %s, which the tunnel itself is reached by, would go through the tunnel; nothing has changed"
                  .formatted(address));
        }
      }
    }

    @Override
    public void undo() {}

    @Override
    public String toString() {
      return "look at the way to the gateway";
    }
  }
}
