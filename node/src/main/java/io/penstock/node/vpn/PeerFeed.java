package io.penstock.node.vpn;

import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.OverlayMember;
import io.penstock.protocol.codervpn.CallFault;
import io.penstock.protocol.codervpn.PeerTable;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.PenstockLink;
import io.penstock.transport.codervpn.CallFailedException;
import io.penstock.transport.codervpn.Calls;
import io.penstock.transport.codervpn.TunnelConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells a manager of the peers of a node: what changes at once, and all agents from time to time.
///
/// A virtual thread awaits changes of the peers and tells the next only when the connection has
/// taken the one before, so that many changes become one update and no more than one waits to be
/// sent. It keeps a table of what the manager was told, which moves on only with what was really
/// sent: an update that fails is made anew from what there is then, at the next change or with the
/// next status.
///
/// Each agent that is told has with it what was exchanged with its node, if the node counts. That
/// grows with every packet and is no change: it rides along with what is told anyway, and with the
/// status at the latest.
///
/// The reply to a question for all peers may be overtaken by an update that was made after it, and
/// would then bring those back that the update said to be gone, and lose those that it said to have
/// come. So the status that is told for some time after a question says once more who has gone and
/// who has come since.
final class PeerFeed implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PeerFeed.class);

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final OverlayMember node;
  private final TunnelConnection connection;
  private final Duration statusInterval;
  private final Thread thread;

  // Guarded by this.
  private final PeerTable told = new PeerTable();
  private Optional<PeerTable> answered = Optional.empty();
  private PenstockLink toldLink = PenstockLink.getDefaultInstance();
  private long answeredNanos;

  private PeerFeed(OverlayMember node, TunnelConnection connection, Duration statusInterval) {
    this.node = node;
    this.connection = connection;
    this.statusInterval = statusInterval;
    thread = Thread.ofVirtual().name("vpn-peers").unstarted(this::run);
  }

  /// Begins to tell; the first update has all peers that are known.
  static PeerFeed start(OverlayMember node, TunnelConnection connection, Duration statusInterval) {
    PeerFeed feed = new PeerFeed(node, connection, statusInterval);
    feed.thread.start();
    return feed;
  }

  /// All peers: the reply to the manager's question.
  synchronized PeerUpdate all() {
    PeerUpdate all = messages(node.peerSnapshot());
    told.apply(all);
    PeerTable answer = answered.orElseGet(PeerTable::new);
    answer.apply(all);
    answered = Optional.of(answer);
    answeredNanos = System.nanoTime();
    return counted(all).toBuilder().setPenstockLink(LinkMessages.of(node.status())).build();
  }

  private PeerUpdate messages(PeerSnapshot peers) {
    // A node that is over reaches nobody.
    return node.status().isFinal()
        ? PeerUpdate.getDefaultInstance()
        : PeerMessages.of(peers, node.id(), node.network().map(OverlayNetwork::zone).orElse(""));
  }

  private PeerUpdate counted(PeerUpdate update) {
    return PeerMessages.counted(update, node::traffic);
  }

  private void run() {
    try {
      long nextStatus = System.nanoTime() + statusInterval.toNanos();
      while (true) {
        PeerSnapshot peers = node.peerSnapshot();
        tellChange(peers);
        long left = nextStatus - System.nanoTime();
        if (left <= 0) {
          tellStatus();
          nextStatus = System.nanoTime() + statusInterval.toNanos();
        } else {
          var _ = node.awaitPeers(peers.revision(), Duration.ofNanos(left));
        }
      }
    } catch (InterruptedException _) {
      // Only closing interrupts.
    } catch (IOException e) {
      LOG.debug("the manager hears of no more peers cause=\"{}\"", e.getMessage());
    }
  }

  private void tellChange(PeerSnapshot peers) throws IOException, InterruptedException {
    PeerUpdate change;
    PenstockLink link = LinkMessages.of(node.status());
    synchronized (this) {
      change = told.changeTo(messages(peers));
      if (!link.equals(toldLink)) {
        change = change.toBuilder().setPenstockLink(link).build();
      }
    }
    if (change.getSerializedSize() > 0 && isTaken(change)) {
      synchronized (this) {
        told.apply(change);
        toldLink = link;
      }
    }
  }

  private void tellStatus() throws IOException, InterruptedException {
    PeerUpdate status = status();
    if (status.getSerializedSize() > 0) {
      var _ = isTaken(status);
    }
  }

  private synchronized PeerUpdate status() {
    PeerUpdate since =
        answered
            .map(answer -> answer.changeTo(told.all()))
            .orElseGet(PeerUpdate::getDefaultInstance);
    if (System.nanoTime() - answeredNanos >= statusInterval.toNanos()) {
      answered = Optional.empty();
    }
    return told.status().orElse(PeerUpdate.getDefaultInstance()).toBuilder()
        .addAllUpsertedWorkspaces(since.getUpsertedWorkspacesList())
        .addAllDeletedWorkspaces(since.getDeletedWorkspacesList())
        .addAllDeletedAgents(since.getDeletedAgentsList())
        .build();
  }

  /// Sends an update; whether the connection has taken it.
  ///
  /// @throws CallFailedException when the stream is over
  private boolean isTaken(PeerUpdate update) throws IOException, InterruptedException {
    try {
      Calls.await(connection.peersChanged(counted(update)));
      return true;
    } catch (CallFailedException e) {
      if (e.fault() instanceof CallFault.StreamEnded) {
        throw e;
      }
      LOG.debug("the manager was not told of its peers cause=\"{}\"", e.getMessage());
      return false;
    }
  }

  /// Ends the telling and waits a little for it. Repeatable.
  @Override
  public void close() {
    thread.interrupt();
    try {
      if (!thread.join(CLOSE_LIMIT)) {
        LOG.warn("the telling of peers did not end in time");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
