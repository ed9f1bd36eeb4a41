package io.penstock.gateway.overlay.peer;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The changes that one listener has not taken yet: a bounded number of them.
///
/// When there are more, all are dropped and the listener is told to begin anew; so a slow one costs
/// no more than a quick one and nobody waits for it. The directory puts in, one other thread takes
/// out.
public final class PeerFeed {

  /// Enough for every node of a small network to come back at once. An event refers to a record
  /// that the directory has too, or had; at about 300 bytes each, a listener holds 80 KB at most.
  static final int MAX_WAITING = 256;

  /// What a listener takes out.
  public sealed interface Item {

    /// A change that follows on the last item.
    record Changed(PeerEvent event) implements Item {}

    /// There was too much to remember: look at a new snapshot and go on from there.
    record Resync() implements Item {}

    /// Nothing will come any more.
    record Closed() implements Item {}
  }

  private final PeerDirectory directory;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<PeerEvent> waiting = new ArrayDeque<>();
  private boolean overflown;
  private boolean closed;

  PeerFeed(PeerDirectory directory) {
    this.directory = directory;
  }

  /// Waits for the next item.
  ///
  /// @return empty when none came within the limit
  public Optional<Item> next(Duration limit) throws InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (!closed && !overflown && waiting.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
      }
      if (closed) {
        return Optional.of(new Item.Closed());
      }
      if (overflown) {
        overflown = false;
        return Optional.of(new Item.Resync());
      }
      return Optional.ofNullable(waiting.poll()).map(Item.Changed::new);
    } finally {
      lock.unlock();
    }
  }

  /// Ends the feed; whoever waits is told. Repeatable, from any thread.
  public void close() {
    directory.forget(this);
    lock.lock();
    try {
      closed = true;
      waiting.clear();
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  void put(PeerEvent event) {
    lock.lock();
    try {
      if (waiting.size() < MAX_WAITING && !overflown) {
        waiting.add(event);
      } else {
        waiting.clear();
        overflown = true;
      }
      changed.signal();
    } finally {
      lock.unlock();
    }
  }
}
