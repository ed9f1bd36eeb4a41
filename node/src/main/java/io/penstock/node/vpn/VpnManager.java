package io.penstock.node.vpn;

import io.netty.channel.ChannelHandler;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.node.vpn.os.SettingsReader;
import io.penstock.protocol.PeerText;
import io.penstock.protocol.codervpn.CallFault;
import io.penstock.protocol.codervpn.PeerTable;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.PenstockLink;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopResponse;
import io.penstock.transport.codervpn.CallFailedException;
import io.penstock.transport.codervpn.Calls;
import io.penstock.transport.codervpn.ManagerConnection;
import io.penstock.transport.codervpn.ManagerHandler;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The manager role of codervpn: starts a tunnel, watches it, stops it, and does to the operating
/// system what it asks for.
///
/// ```
///   IDLE ──start──► STARTED ──stop, or the stream ends──► ENDED
///     ▲                │ refused
///     └────────────────┘
/// ```
///
/// Its [#handler] goes last into the pipeline of a channel to the tunnel, before that is connected.
/// What the tunnel asks for before a start and after the end is refused. The machine is not put
/// back when the stream ends: whoever owns the [OsNetwork] may have the next tunnel go on where
/// this one was killed, and closes it when there is to be none.
///
/// All methods may be called from any thread; those that throw [InterruptedException] block.
public final class VpnManager implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(VpnManager.class);

  private static final int MAX_WORDS_CHARS = 1000;

  private enum State {
    IDLE,
    STARTED,
    ENDED
  }

  private final VpnManagerConfig config;
  private final OsNetwork network;
  private final VpnListener listener;
  private final ManagerConnection connection;
  private final CompletableFuture<SpeakerEnd> ended = new CompletableFuture<>();

  /// Held while the machine is changed, and whenever the state is looked at for that.
  private final ReentrantLock machine = new ReentrantLock();

  // Guarded by machine.
  private State state = State.IDLE;

  // Guarded by itself.
  private final PeerTable peers = new PeerTable();

  private volatile PenstockLink link = PenstockLink.getDefaultInstance();

  /// Makes a manager whose channel is not connected yet.
  ///
  /// @param network stays the caller's, who leaves it alone until [#ended]
  public VpnManager(VpnManagerConfig config, OsNetwork network, VpnListener listener) {
    this.config = config;
    this.network = network;
    this.listener = listener;
    connection = new ManagerConnection(config.speaker(), new FromTunnel());
    connection
        .closed()
        .thenAccept(end -> Thread.ofVirtual().name("vpn-end").start(() -> streamEnded(end)));
  }

  /// What runs the stream over the channel that it is added to, once.
  public ChannelHandler handler() {
    return connection.handler();
  }

  /// Completes when the stream is over and the machine is changed no more, and says why it ended.
  public CompletionStage<SpeakerEnd> ended() {
    return ended.minimalCompletionStage();
  }

  // ---- what the tunnel is asked ----

  /// Has the tunnel start, and waits until it has, with its settings applied.
  ///
  /// @throws IllegalStateException when it was started before and that has not failed
  /// @throws IOException when the tunnel refuses, with its words, after which it may be tried
  ///   again; or when it does not answer in time, upon which the stream ends
  public void start(StartOrder order) throws IOException, InterruptedException {
    awaitOpened();
    machine.lock();
    try {
      if (state == State.ENDED) {
        throw new IOException("the tunnel has ended its stream");
      }
      if (state != State.IDLE) {
        throw new IllegalStateException("the tunnel was started before");
      }
      state = State.STARTED;
    } finally {
      machine.unlock();
    }
    StartResponse answer;
    try {
      answer = Calls.await(connection.start(order.request(), config.startLimit()));
    } catch (IOException | InterruptedException | RuntimeException e) {
      // The tunnel may start all the same, and nobody would know.
      close();
      throw e;
    }
    if (!answer.getSuccess()) {
      become(State.IDLE);
      throw new IOException("the tunnel did not start: " + words(answer.getErrorMessage()));
    }
  }

  /// Waits until the tunnel has answered, which is when its header has come.
  ///
  /// @throws IOException when it does not within the call limit, or its header does not fit
  public void awaitOpened() throws IOException, InterruptedException {
    try {
      connection
          .opened()
          .toCompletableFuture()
          .get(config.callLimit().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause
          ? new IOException(cause.getMessage(), cause)
          : new IOException(e);
    } catch (TimeoutException _) {
      throw new IOException(
          "no tunnel has answered within %s; is it running?".formatted(config.callLimit()));
    }
  }

  private static String words(String message) {
    return message.isEmpty() ? "it did not say why" : PeerText.printable(message, MAX_WORDS_CHARS);
  }

  /// Asks the tunnel for all peers, and forgets those of which it does not tell.
  ///
  /// @throws IOException when it does not answer in time
  public PeerUpdate askPeers() throws IOException, InterruptedException {
    PeerUpdate all = Calls.await(connection.peers(config.callLimit()));
    keepLink(all);
    synchronized (peers) {
      var _ = peers.replace(all);
      requireFew();
      return peers.all();
    }
  }

  /// All peers, as the tunnel has told of them up to now.
  public PeerUpdate peers() {
    synchronized (peers) {
      return peers.all();
    }
  }

  /// How the tunnel is doing with its gateway, as it has told last; unknown from a tunnel that is
  /// not ours.
  public PenstockLink link() {
    return link;
  }

  private void keepLink(PeerUpdate update) {
    if (update.hasPenstockLink()) {
      link = update.getPenstockLink();
    }
  }

  /// What is in place on the machine.
  public OsSettings settings() {
    return network.settings();
  }

  /// Tells the tunnel that the machine has slept.
  ///
  /// @throws IOException when it does not know the message, or does not answer in time
  public void wake() throws IOException, InterruptedException {
    var _ = Calls.await(connection.wake(config.callLimit()));
  }

  /// Has the tunnel stop, and waits until the stream is over. Does nothing when it has stopped.
  ///
  /// @throws IOException when the tunnel did not stop as it should; the stream has ended all the
  ///   same
  public void stop() throws IOException, InterruptedException {
    try {
      StopResponse answer = Calls.await(connection.stop(config.stopLimit()));
      if (!answer.getSuccess()) {
        throw new IOException(
            "the tunnel did not stop as it should: " + words(answer.getErrorMessage()));
      }
    } catch (CallFailedException e) {
      // The oldest Go tunnels end the stream in place of an answer.
      boolean stopped = e.fault() instanceof CallFault.StreamEnded(var end) && end.graceful();
      if (!stopped) {
        throw e;
      }
    } finally {
      close();
      awaitEnded();
    }
  }

  private void awaitEnded() throws InterruptedException {
    try {
      var _ = ended.get(config.stopLimit().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("an end is never a failure", e);
    } catch (TimeoutException _) {
      LOG.warn("the stream to the tunnel does not end in time limit={}", config.stopLimit());
    }
  }

  /// Ends the stream, upon which the tunnel stops; see [#ended].
  @Override
  public void close() {
    connection.close();
  }

  // ---- the end ----

  private void streamEnded(SpeakerEnd end) {
    LOG.debug("the stream to the tunnel is over cause=\"{}\"", end.logText());
    become(State.ENDED);
    ended.complete(end);
  }

  private void become(State next) {
    machine.lock();
    try {
      if (state != State.ENDED) {
        state = next;
      }
    } finally {
      machine.unlock();
    }
  }

  private static String said(Exception e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  // ---- what the tunnel asks and tells ----

  /// A tunnel that tells of too much is not to be trusted with more.
  private void requireFew() throws IOException {
    int workspaces = peers.workspaces().size();
    int agents = peers.agents().size();
    long bytes = peers.serializedBytes();
    if (workspaces > config.maxPeers()
        || agents > config.maxPeers()
        || bytes > config.maxPeerBytes()) {
      close();
      throw new IOException(
          "the tunnel tells of %d workspaces and %d agents in %d bytes, allowed are %d of each and %d bytes; it is given up"
              .formatted(workspaces, agents, bytes, config.maxPeers(), config.maxPeerBytes()));
    }
  }

  private final class FromTunnel implements ManagerHandler {

    @Override
    public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
      try {
        listener.settingsApplied(apply(request));
        return NetworkSettingsResponse.newBuilder().setSuccess(true).build();
      } catch (IOException e) {
        LOG.warn("network settings were not applied cause=\"{}\"", e.getMessage());
        return NetworkSettingsResponse.newBuilder().setErrorMessage(said(e)).build();
      }
    }

    private OsSettings apply(NetworkSettingsRequest request) throws IOException {
      machine.lock();
      try {
        if (state != State.STARTED) {
          throw new IOException("the tunnel was not started");
        }
        OsSettings next = SettingsReader.read(network.settings(), request);
        network.apply(next);
        return next;
      } finally {
        machine.unlock();
      }
    }

    @Override
    public void peersChanged(PeerUpdate update) {
      keepLink(update);
      synchronized (peers) {
        peers.apply(update);
        try {
          requireFew();
        } catch (IOException e) {
          LOG.error("{}", e.getMessage());
          return;
        }
      }
      listener.peersChanged(update);
    }

    @Override
    public void log(Log log) {
      listener.log(log);
    }
  }
}
