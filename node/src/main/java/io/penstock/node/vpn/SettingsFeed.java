package io.penstock.node.vpn;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.OverlayNetwork;
import io.penstock.node.NodeStatus;
import io.penstock.node.OverlayMember;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.transport.codervpn.CallFailedException;
import io.penstock.transport.codervpn.Calls;
import io.penstock.transport.codervpn.TunnelConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has a manager set up its machine's network for a node: at the start, and whenever the node's
/// addresses have changed.
///
/// A node's IPv6 address may come some seconds after the first one, and another gateway may give
/// others. What the manager has agreed to is not asked for again. [#ask] belongs to the thread of
/// the start, then to a virtual thread of its own.
final class SettingsFeed implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(SettingsFeed.class);

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  /// What a system has refused for a moment is asked for again.
  private static final Duration RETRY = Duration.ofSeconds(30);

  private final OverlayMember node;
  private final TunnelConnection connection;
  private final Duration limit;
  private final Semaphore changes = new Semaphore(1);
  private final Thread thread;
  private final Set<IpFamily> families = EnumSet.noneOf(IpFamily.class);
  private List<NetworkSettingsRequest> agreed = List.of();
  private AutoCloseable subscription = () -> {};

  /// @param limit for each answer of the manager
  SettingsFeed(OverlayMember node, TunnelConnection connection, Duration limit) {
    this.node = node;
    this.connection = connection;
    this.limit = limit;
    thread = Thread.ofVirtual().name("vpn-settings").unstarted(this::run);
  }

  /// Asks for what the node needs now, one thing after the other, and waits until all is done.
  ///
  /// @throws RefusedException when the manager refuses or does not answer within the limit
  void ask() throws IOException, InterruptedException {
    OverlayNetwork network =
        node.network().orElseThrow(() -> new IOException("the node has not joined its network"));
    List<IpAddress> addresses = addresses();
    List<NetworkSettingsRequest> wanted =
        SettingsRequests.requests(addresses, families, network, node.gatewayAddress());
    addresses.forEach(address -> families.add(address.family()));
    for (NetworkSettingsRequest request : wanted) {
      if (!agreed.contains(request)) {
        ask(request);
      }
    }
    agreed = wanted;
  }

  private void ask(NetworkSettingsRequest request) throws IOException, InterruptedException {
    NetworkSettingsResponse answer;
    try {
      answer = Calls.await(connection.networkSettings(request, limit));
    } catch (CallFailedException e) {
      throw failed(String.valueOf(e.getMessage()));
    }
    if (!answer.getSuccess()) {
      String words = answer.getErrorMessage();
      throw failed(words.isEmpty() ? "the manager refused and did not say why" : words);
    }
  }

  private static RefusedException failed(String why) {
    return new RefusedException("network settings failed: " + why);
  }

  private List<IpAddress> addresses() {
    return switch (node.status()) {
      case NodeStatus.Running(var addresses, _) -> addresses;
      case NodeStatus.Degraded(_, _, var addresses) -> addresses;
      case NodeStatus.Starting _, NodeStatus.Stopped _ -> List.of();
    };
  }

  /// Follows the node's addresses from now on.
  void follow() {
    subscription =
        node.onStatus(
            status -> {
              if (status instanceof NodeStatus.Running) {
                changes.release();
              }
            });
    thread.start();
  }

  private void run() {
    try {
      boolean agreed = true;
      while (true) {
        if (agreed) {
          changes.acquire();
        } else {
          var _ = changes.tryAcquire(RETRY.toNanos(), TimeUnit.NANOSECONDS);
        }
        changes.drainPermits();
        agreed = askAgain();
      }
    } catch (InterruptedException _) {
      // Only closing interrupts.
    }
  }

  /// Whether there is nothing more to be asked for until something changes.
  private boolean askAgain() throws InterruptedException {
    if (!(node.status() instanceof NodeStatus.Running)) {
      return true;
    }
    try {
      ask();
      return true;
    } catch (IOException e) {
      LOG.warn(
          "the network settings are not those of the node's addresses now addresses={}"
              + " cause=\"{}\"",
          addresses(),
          e.getMessage());
      return false;
    }
  }

  /// Ends the following and waits a little for it. Repeatable.
  @Override
  public void close() {
    thread.interrupt();
    try {
      subscription.close();
      if (!thread.join(CLOSE_LIMIT)) {
        LOG.warn("the asking for network settings did not end in time");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      throw new AssertionError("a subscription ends without fail", e);
    }
  }
}
