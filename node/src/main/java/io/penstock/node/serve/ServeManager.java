package io.penstock.node.serve;

import io.penstock.node.backend.BackendConnections;
import io.penstock.node.overlay.OverlayPorts;
import io.penstock.node.overlay.PortRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// What a node serves: holds the config, and makes a new one take the place of the old one whole or
/// not at all.
///
/// A port that is the same in both is left alone, with its connections. One that changed goes on
/// accepting: new connections, and the next request on each that speaks HTTP, get what is new. One
/// that is gone stops accepting, and its connections finish. Ports are bound on the overlay alone.
///
/// Any thread may call this, and is blocked while certificates are fetched and ports are bound;
/// callers take turns.
public final class ServeManager implements AutoCloseable {

  /// As whose a port is named to somebody else who wants it.
  private static final String OWNER = "serve";

  /// Binding is a local act.
  private static final Duration BIND_LIMIT = Duration.ofSeconds(10);

  /// A config and its ETag.
  ///
  /// @param etag of [ServeConfig#etag]
  public record Snapshot(ServeConfig config, String etag) {}

  private final ServingParts parts;
  private final @Nullable ServeStore store;
  private final Map<String, Runnable> controls = new HashMap<>();
  private final SortedMap<Integer, PortLoop> loops = new TreeMap<>();
  private ServeConfig config = ServeConfig.EMPTY;

  /// What is on the disk, if that is known.
  private @Nullable ServeConfig stored;

  private ServePlan plan = ServePlan.EMPTY;
  private Backends backends = Backends.NONE;
  private boolean closed;

  /// The ways to where requests and bytes go, kept as long as a config names them.
  private record Backends(
      Map<ProxyTarget, BackendConnections> proxies,
      Map<ServeTarget.TcpForward, BackendConnections> forwards) {

    static final Backends NONE = new Backends(Map.of(), Map.of());
  }

  /// A manager that serves nothing yet.
  ///
  /// @param file that keeps the config over a restart, if any
  public ServeManager(
      OverlayPorts node, CertificateSource certificates, ServeLimits limits, Optional<Path> file) {
    this.parts =
        new ServingParts(
            node,
            limits,
            new TlsContexts(certificates),
            new AcceptedConnections(limits.maxAcceptedRequests()));
    this.store = file.map(ServeStore::new).orElse(null);
  }

  /// Serves what was stored; to be called once the node has joined, and before anything is set.
  ///
  /// @throws ServeException when it cannot be read or served, naming the file, which stays as it
  ///   is; then nothing is served
  public synchronized AcceptedConnections restore() throws ServeException {
    if (store == null) {
      return parts.accepted();
    }
    try {
      stored = store.load();
      return set(stored, SetOptions.LIBRARY.ignoringUnsupported());
    } catch (ServeException e) {
      stored = null;
      throw store.notServed(e);
    }
  }

  /// The receiver of accepted connections, always the same.
  public AcceptedConnections accepted() {
    return parts.accepted();
  }

  /// The config that is served.
  public synchronized Snapshot get() {
    return new Snapshot(config, config.etag());
  }

  /// Replaces the whole config, as the library may.
  public AcceptedConnections set(ServeConfig next) throws ServeException {
    return set(next, SetOptions.LIBRARY);
  }

  /// Replaces the whole config: every certificate is there and every port is bound, or nothing
  /// changes.
  ///
  /// @return the receiver of accepted connections, always the same
  /// @throws ServeException saying what was wrong
  public AcceptedConnections set(ServeConfig next, SetOptions options) throws ServeException {
    Map<String, Runnable> dropped;
    synchronized (this) {
      requireOpen();
      requireMatch(options);
      requireControls(next);
      ServePlan nextPlan = ServePlan.of(next, options.unsupported());
      UpdateRules.check(config, next, options.typeChange());
      requireCertificates(nextPlan);
      dropped = droppedControls(next);
      replace(next, nextPlan);
      dropped.keySet().forEach(controls::remove);
    }
    dropped.values().forEach(Runnable::run);
    return parts.accepted();
  }

  /// Binds, stores and commits; nothing has changed when it fails.
  private void replace(ServeConfig next, ServePlan nextPlan) throws ServeException {
    Backends nextBackends = backends(nextPlan);
    ServeChange change = ServeChange.reconcile(plan, nextPlan);
    Map<Integer, PortLoop> bound = bind(change.added(), nextBackends);
    try {
      save(next);
    } catch (ServeException e) {
      bound.values().forEach(PortLoop::remove);
      throw e;
    }
    commit(change, bound, nextBackends);
    config = next;
    plan = nextPlan;
    backends = nextBackends;
  }

  /// Blocks of control connections come and go without the disk.
  private void save(ServeConfig next) throws ServeException {
    ServeConfig lasting = next.withoutForegrounds();
    if (store != null && !lasting.equals(stored)) {
      store.save(lasting);
      stored = lasting;
    }
  }

  /// How many connections are in flight on a port.
  public synchronized int connections(int port) {
    PortLoop loop = loops.get(port);
    return loop == null ? 0 : loop.connections();
  }

  // ---- control connections ----

  /// A control connection, which may put a block of its own into the config under its id.
  public final class Control implements AutoCloseable {

    private final String id;

    private Control(String id) {
      this.id = id;
    }

    /// The key of its block in [ServeConfig#foreground].
    public String id() {
      return id;
    }

    /// The connection has ended: its block is removed. Repeatable.
    @Override
    public void close() {
      end(id);
    }
  }

  /// Lets a control connection in.
  ///
  /// @param dropped is told when somebody else has taken its block out of the config
  public synchronized Control control(Runnable dropped) {
    String id = UUID.randomUUID().toString();
    controls.put(id, dropped);
    return new Control(id);
  }

  private synchronized void end(String id) {
    if (controls.remove(id) == null || !config.foreground().containsKey(id) || closed) {
      return;
    }
    try {
      // What is left was served with it, so its certificates have been there.
      ServeConfig left = config.withoutForeground(id);
      replace(left, ServePlan.of(left, ServePlan.Unsupported.IGNORE));
    } catch (ServeException e) {
      throw new IllegalStateException("a config without one of its blocks is served", e);
    }
  }

  private Map<String, Runnable> droppedControls(ServeConfig next) {
    Map<String, Runnable> dropped = new LinkedHashMap<>();
    for (String id : config.foreground().keySet()) {
      Runnable told = next.foreground().containsKey(id) ? null : controls.get(id);
      if (told != null) {
        dropped.put(id, told);
      }
    }
    return dropped;
  }

  // ---- the steps of a change ----

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the node serves nothing any more, as it is closed");
    }
  }

  private void requireMatch(SetOptions options) throws ServeException {
    if (options.ifMatch().isPresent() && !options.ifMatch().get().equals(config.etag())) {
      throw new ServeException(
          ServeException.Reason.CONFLICT,
          "another client is changing the serve config; please try again");
    }
  }

  private void requireControls(ServeConfig next) throws ServeException {
    for (String id : next.foreground().keySet()) {
      if (!controls.containsKey(id)) {
        throw new ServeException(
            ServeException.Reason.INVALID,
            "Foreground has \"%s\", and no control connection with that id is open".formatted(id));
      }
    }
  }

  private void requireCertificates(ServePlan next) throws ServeException {
    for (var entry : next.ports().entrySet()) {
      ServedPort served = entry.getValue();
      TlsContexts.Inside inside =
          served instanceof ServedPort.Web ? TlsContexts.Inside.HTTP : TlsContexts.Inside.BYTES;
      for (String name : served.certificateNames()) {
        try {
          parts.certificates().require(name, inside);
        } catch (IOException | RuntimeException e) {
          // A source may be the owner's code.
          String why = e.getMessage() == null ? e.toString() : e.getMessage();
          throw new ServeException(
              ServeException.Reason.CERTIFICATE,
              "there is no certificate for %s, which port %d needs: %s"
                  .formatted(name, entry.getKey(), why),
              e);
        }
      }
    }
  }

  private Backends backends(ServePlan next) throws ServeException {
    Map<ProxyTarget, BackendConnections> proxies = new HashMap<>();
    Map<ServeTarget.TcpForward, BackendConnections> forwards = new HashMap<>();
    try {
      for (ServedPort served : next.ports().values()) {
        switch (served) {
          case ServedPort.Bytes(_, ServeTarget.TcpForward to) -> {
            BackendConnections known = backends.forwards().get(to);
            forwards.put(to, known != null ? known : parts.forward(to.to()));
          }
          case ServedPort.Bytes(_, ServeTarget.Accept()) -> {}
          case ServedPort.Web web -> addProxies(web, proxies);
        }
      }
    } catch (SSLException e) {
      throw new ServeException(
          ServeException.Reason.INVALID, "cannot set up TLS to a backend: " + e.getMessage(), e);
    }
    return new Backends(proxies, forwards);
  }

  private void addProxies(ServedPort.Web web, Map<ProxyTarget, BackendConnections> proxies)
      throws SSLException {
    for (ServeTarget.Mounts mounts : web.byHost().values()) {
      for (ServeTarget.OfRequest target : mounts.byMount().values()) {
        if (target instanceof ServeTarget.Proxy(ProxyTarget to, _) && !proxies.containsKey(to)) {
          BackendConnections known = backends.proxies().get(to);
          proxies.put(to, known != null ? known : parts.backend(to));
        }
      }
    }
  }

  private Serving serving(ServedPort served, Backends to) {
    return switch (served) {
      case ServedPort.Web web -> new Serving.Web(new WebSites(web, to.proxies(), parts));
      case ServedPort.Bytes bytes ->
          new Serving.Bytes(
              bytes,
              bytes.target() instanceof ServeTarget.TcpForward forward
                  ? Optional.of(new Forward(backend(to, forward), forward))
                  : Optional.empty());
    };
  }

  private static BackendConnections backend(Backends to, ServeTarget.TcpForward forward) {
    BackendConnections found = to.forwards().get(forward);
    if (found == null) {
      throw new IllegalStateException("every forward of a plan has a way to its backend");
    }
    return found;
  }

  /// Binds every port, or none; asks for all at once, as a turn of a busy event loop takes its
  /// time.
  private Map<Integer, PortLoop> bind(SortedMap<Integer, ServedPort> added, Backends to)
      throws ServeException {
    Map<Integer, PortLoop> bound = new LinkedHashMap<>();
    Map<Integer, CompletableFuture<Void>> bindings = new LinkedHashMap<>();
    added.forEach(
        (port, served) -> {
          PortLoop loop = new PortLoop(port, serving(served, to), parts);
          bound.put(port, loop);
          bindings.put(port, bind(loop));
        });
    for (var entry : bindings.entrySet()) {
      try {
        entry.getValue().get(BIND_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      } catch (ExecutionException | TimeoutException | InterruptedException e) {
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        bound.values().forEach(PortLoop::remove);
        throw cannotBind(entry.getKey(), e);
      }
    }
    return bound;
  }

  private CompletableFuture<Void> bind(PortLoop loop) {
    return parts
        .node()
        .listen(PortRequest.everywhere(loop.number(), OWNER).exclusive(), loop)
        .thenAccept(loop::bound)
        .toCompletableFuture();
  }

  private static ServeException cannotBind(int port, Exception e) {
    String why =
        switch (e) {
          case ExecutionException failed when failed.getCause() != null ->
              String.valueOf(failed.getCause().getMessage());
          case InterruptedException _ -> "interrupted";
          default -> "the node did not answer in time";
        };
    return new ServeException(
        ServeException.Reason.BIND, "cannot serve on port %d: %s".formatted(port, why), e);
  }

  private void commit(ServeChange change, Map<Integer, PortLoop> bound, Backends to) {
    for (int port : change.removed()) {
      PortLoop loop = loops.remove(port);
      if (loop != null) {
        loop.remove();
      }
    }
    change
        .changed()
        .forEach(
            (port, served) -> {
              PortLoop loop = loops.get(port);
              if (loop != null) {
                loop.serve(serving(served, to));
              }
            });
    loops.putAll(bound);
    bound.values().forEach(PortLoop::open);
  }

  /// Stops serving at once and closes every connection; the stored config stays. Repeatable.
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      loops.values().forEach(PortLoop::abort);
      loops.clear();
    }
    // This waits, and others may ask meanwhile.
    parts.accepted().close();
  }
}
