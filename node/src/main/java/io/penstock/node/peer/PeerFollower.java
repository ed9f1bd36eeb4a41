package io.penstock.node.peer;

import io.penstock.api.Session;
import io.penstock.api.client.GatewayAccess;
import io.penstock.api.client.PeerChange;
import io.penstock.api.client.PeerChanges;
import io.penstock.node.retry.Backoff;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Listens to what a gateway tells of a node's peers, and writes it into a [PeerBook].
///
/// It listens with the token of the node's newest session, on a virtual thread of its own, and
/// comes back with a jittered back-off when the connection ends. A gateway that says nothing for
/// [#SILENCE_LIMIT] is taken for gone.
public final class PeerFollower {

  private static final Logger LOG = LoggerFactory.getLogger(PeerFollower.class);

  /// The gateway speaks every 16 s, also when there is nothing to say.
  public static final Duration SILENCE_LIMIT = Duration.ofSeconds(60);

  private static final Duration BACKOFF_LEAST = Duration.ofMillis(200);
  private static final Duration BACKOFF_MOST = Duration.ofSeconds(15);

  private final GatewayAccess to;
  private final Supplier<Optional<Session>> session;
  private final PeerBook book;
  private final Backoff backoff =
      new Backoff(BACKOFF_LEAST, BACKOFF_MOST, () -> ThreadLocalRandom.current().nextDouble());
  private final Thread thread;

  // Guarded by this.
  private @Nullable PeerChanges changes;
  private boolean closed;
  private boolean woken;
  private long heardNanos;

  private PeerFollower(GatewayAccess to, Supplier<Optional<Session>> session, PeerBook book) {
    this.to = to;
    this.session = session;
    this.book = book;
    thread = Thread.ofVirtual().name("penstock-node-peers").unstarted(this::run);
  }

  /// Begins to listen as soon as there is a session.
  ///
  /// @param to the gateway
  public static PeerFollower start(
      GatewayAccess to, Supplier<Optional<Session>> session, PeerBook book) {
    PeerFollower follower = new PeerFollower(to, session, book);
    follower.thread.start();
    return follower;
  }

  /// There may be a session now, or a gateway again: tries at once.
  public synchronized void wake() {
    woken = true;
    notifyAll();
  }

  /// Ends a connection on which nothing was said for too long; to be called now and then.
  public synchronized void checkSilence() {
    if (changes != null && System.nanoTime() - heardNanos > SILENCE_LIMIT.toNanos()) {
      LOG.info("the gateway says nothing of the peers any more, trying again");
      changes.close();
    }
  }

  private void run() {
    try {
      while (awaitTurn()) {
        listenOnce();
        book.lost();
      }
    } catch (InterruptedException _) {
      // Only closing interrupts.
    } finally {
      book.lost();
    }
  }

  /// Waits for the next attempt; whether there is to be one.
  private synchronized boolean awaitTurn() throws InterruptedException {
    long until = System.nanoTime() + backoff.nextNanos();
    long left = until - System.nanoTime();
    while (!closed && ((left > 0 && !woken) || session.get().isEmpty())) {
      woken = false;
      TimeUnit.NANOSECONDS.timedWait(this, left > 0 ? left : BACKOFF_MOST.toNanos());
      left = until - System.nanoTime();
    }
    woken = false;
    return !closed;
  }

  private void listenOnce() {
    String token = session.get().map(Session::token).orElse("");
    try (PeerChanges opened = PeerChanges.open(to, token)) {
      if (!begin(opened)) {
        return;
      }
      for (Optional<PeerChange> change = opened.next();
          change.isPresent();
          change = opened.next()) {
        heard();
        write(change.get());
      }
    } catch (IOException e) {
      LOG.debug("cannot listen to the peers cause=\"{}\"", e.getMessage());
    } catch (RuntimeException e) {
      // The look-up of the gateway is the owner's code, and what it throws is one failed attempt.
      LOG.warn("cannot listen to the peers cause=\"{}\"", e.toString());
    } finally {
      end();
    }
  }

  private void write(PeerChange change) {
    switch (change) {
      case PeerChange.Snapshot(var peers) -> {
        book.snapshot(peers);
        backoff.reset();
      }
      case PeerChange.Upserted(var peer) -> book.upserted(peer);
      case PeerChange.Deleted(var peer) -> book.deleted(peer);
      case PeerChange.StillThere _ -> {}
    }
  }

  private synchronized boolean begin(PeerChanges opened) {
    changes = opened;
    heardNanos = System.nanoTime();
    return !closed;
  }

  private synchronized void heard() {
    heardNanos = System.nanoTime();
  }

  private synchronized void end() {
    changes = null;
  }

  /// Ends the listening and waits for the thread, for the limit at most. Repeatable.
  public void close(Duration limit) {
    synchronized (this) {
      closed = true;
      notifyAll();
      if (changes != null) {
        changes.close();
      }
    }
    thread.interrupt();
    try {
      if (!thread.join(limit)) {
        LOG.warn("the listening to the peers did not end in time");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
