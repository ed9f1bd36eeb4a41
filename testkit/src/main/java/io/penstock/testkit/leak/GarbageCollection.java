package io.penstock.testkit.leak;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.concurrent.TimeUnit;

/// A garbage collection that is over when the call returns, with all references enqueued.
final class GarbageCollection {

  /// A full collection of a test's heap takes some ten milliseconds; a starved machine more.
  private static final long LIMIT_MILLIS = TimeUnit.SECONDS.toMillis(30);

  private GarbageCollection() {}

  /// Collects what is garbage now. The JVM enqueues the references of one collection in any order,
  /// but all of them before those of the next one: when the second sentinel has come, everything
  /// that the first collection found is in its queue.
  static void run() {
    awaitSentinel();
    awaitSentinel();
  }

  private static void awaitSentinel() {
    ReferenceQueue<Object> queue = new ReferenceQueue<>();
    Reference<Object> sentinel = new WeakReference<>(new Object(), queue);
    try {
      System.gc();
      if (queue.remove(LIMIT_MILLIS) == null) {
        throw new IllegalStateException("no garbage collection within " + LIMIT_MILLIS + " ms");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while collecting garbage", e);
    } finally {
      Reference.reachabilityFence(sentinel);
    }
  }
}
