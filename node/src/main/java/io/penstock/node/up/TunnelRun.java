package io.penstock.node.up;

import io.netty.channel.EventLoop;
import io.penstock.node.DeviceNode;
import io.penstock.node.vpn.StartOrder;
import io.penstock.node.vpn.VpnManager;
import io.penstock.node.vpn.VpnManagerConfig;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.protocol.PeerText;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.PenstockLink;
import io.penstock.transport.codervpn.PipeChannel;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunHandover;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// One tunnel process from its start to its end, with its manager.
///
/// ```
///   start the process ─► its header has come ─► hand the interface over ─► start ─► settings applied
/// ```
///
/// The tunnel waits for the interface before it writes its header, so that it cannot be missed.
final class TunnelRun implements AutoCloseable {

  /// It listens already, and who listens takes it at once.
  private static final Duration HANDOVER_LIMIT = Duration.ofSeconds(10);

  /// A process that refuses goes on, one whose stream broke is about to end.
  private static final Duration REFUSED_LIMIT = Duration.ofMillis(300);

  private static final Duration ENDED_LIMIT = Duration.ofSeconds(2);

  /// Between two questions that one which hangs does not answer.
  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(30);

  private static final int MAX_WORDS_CHARS = 300;

  private final TunnelProcess process;
  private final TunnelWords words;
  private final VpnManager manager;

  private TunnelRun(TunnelProcess process, TunnelWords words, VpnManager manager) {
    this.process = process;
    this.words = words;
    this.manager = manager;
  }

  /// How it ended without being told to.
  ///
  /// @param why for people
  /// @param deviceLost whether the interface is gone, so that no other tunnel can go on with it
  record End(String why, boolean deviceLost) {}

  /// Starts a tunnel process and waits until the node has joined and the machine is set up for it.
  ///
  /// @param changed is run after each change of the machine's settings and of the tunnel's link
  /// @param step is told what is done
  /// @param waits those of the calling thread
  /// @throws IOException when that fails, after which the process has ended
  static TunnelRun start(
      UpConfig config,
      EventLoop loop,
      OsNetwork network,
      TunDevice device,
      Runnable changed,
      Consumer<String> step,
      StoppableWaits waits)
      throws IOException, InterruptedException {
    step.accept("starting the tunnel");
    TunnelProcess process =
        waits.await(() -> TunnelProcess.start(command(config), config.endLimit()));
    TunnelWords words = new TunnelWords(changed);
    TunnelRun run =
        new TunnelRun(process, words, new VpnManager(managerConfig(config), network, words));
    try {
      var _ = PipeChannel.open(process.in(), process.out(), loop, run.manager.handler());
      return waits.await(() -> run.begin(config, loop, device, step));
    } catch (IOException | InterruptedException | RuntimeException e) {
      run.close();
      throw e;
    }
  }

  private static List<String> command(UpConfig config) {
    List<String> command = new ArrayList<>(config.tunnel());
    command.addAll(
        List.of(
            "--stdio",
            "--fd-socket",
            config.handover().toString(),
            "--name",
            config.name(),
            "--state",
            config.identity().toString()));
    return command;
  }

  private static VpnManagerConfig managerConfig(UpConfig config) {
    return VpnManagerConfig.builder()
        .speaker(
            SpeakerConfig.manager()
                .header(HeaderChoice.CURRENT)
                .headerTimeout(config.tunnelLimit())
                .build())
        .callLimit(config.tunnelLimit())
        .stopLimit(config.endLimit())
        .build();
  }

  private TunnelRun begin(UpConfig config, EventLoop loop, TunDevice device, Consumer<String> step)
      throws IOException, InterruptedException {
    try {
      manager.awaitOpened();
      TunHandover.send(loop, config.handover(), device, HANDOVER_LIMIT);
      step.accept("joining the network of " + config.gateway());
      manager.start(StartOrder.of(config.gateway().toString(), config.token()));
      var _ = manager.askPeers();
      return this;
    } catch (IOException e) {
      String why = process.whyEnded(REFUSED_LIMIT);
      throw why.isEmpty() ? e : new IOException(e.getMessage() + "; " + why, e);
    }
  }

  /// The peers, as the tunnel has told last.
  PeerUpdate peers() {
    return manager.peers();
  }

  /// How the tunnel is doing with its gateway.
  PenstockLink link() {
    return manager.link();
  }

  /// Tells the tunnel that the machine has slept.
  void wake() throws IOException, InterruptedException {
    manager.wake();
  }

  /// Waits until the tunnel is over or does not answer any more, which should not be.
  End awaitEnd() throws InterruptedException {
    CompletableFuture<SpeakerEnd> stream = manager.ended().toCompletableFuture();
    CompletableFuture<Object> over = CompletableFuture.anyOf(words.stopped(), stream);
    while (!over.isDone()) {
      try {
        var _ = over.get(CHECK_INTERVAL.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException _) {
        Optional<End> silent = silent(over);
        if (silent.isPresent()) {
          return silent.get();
        }
      } catch (ExecutionException e) {
        throw new AssertionError("an end is never a failure", e);
      }
    }
    if (words.stopped().isDone()) {
      PenstockLink link = words.stopped().resultNow();
      return new End(
          PeerText.printable(link.getReason(), MAX_WORDS_CHARS),
          link.getCode().equals(DeviceNode.DEVICE_LOST));
    }
    String why = process.whyEnded(ENDED_LIMIT);
    return new End(
        why.isEmpty() ? "the tunnel has closed its stream: " + stream.resultNow().logText() : why,
        false);
  }

  /// Asks the tunnel something; how it ended if it does not answer though its stream is open.
  private Optional<End> silent(CompletableFuture<Object> over) throws InterruptedException {
    try {
      var _ = manager.askPeers();
      return Optional.empty();
    } catch (IOException e) {
      return over.isDone()
          ? Optional.empty()
          : Optional.of(new End("the tunnel does not answer: " + e.getMessage(), false));
    }
  }

  /// Has the tunnel stop and its process end; blocks for some limits at most. Repeatable.
  @Override
  public void close() {
    try {
      manager.stop();
    } catch (IOException | IllegalStateException _) {
      // It was killed, or does not answer; its process ends all the same.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      manager.close();
      process.close();
    }
  }
}
