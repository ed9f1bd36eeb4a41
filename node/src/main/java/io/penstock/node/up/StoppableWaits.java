package io.penstock.node.up;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// The waits of one thread that others may have stop: a stop interrupts the wait that it finds the
/// thread in, and each later one, and nothing else.
///
/// Between its waits the thread changes the machine or puts it back, with programs and files that
/// an interrupt would break off halfway.
final class StoppableWaits {

  /// Something that waits.
  interface Wait<T> {
    T run() throws IOException, InterruptedException;
  }

  // Guarded by this.
  private boolean stopped;
  private @Nullable Thread waiting;

  /// Has the waits end. Any thread may call this, repeatedly.
  synchronized void stop() {
    stopped = true;
    if (waiting != null) {
      waiting.interrupt();
    }
  }

  /// Waits. The thread is not interrupted afterwards, however this ends.
  ///
  /// @throws InterruptedException when it was stopped meanwhile or before
  <T> T await(Wait<T> wait) throws IOException, InterruptedException {
    synchronized (this) {
      if (stopped) {
        throw new InterruptedException("stopped");
      }
      waiting = Thread.currentThread();
    }
    try {
      return wait.run();
    } catch (IOException e) {
      throw unlessStopped(e);
    } finally {
      synchronized (this) {
        waiting = null;
        boolean _ = Thread.interrupted();
      }
    }
  }

  /// What was waited for may have been stopped by the same Ctrl-C, and fails.
  private synchronized IOException unlessStopped(IOException e) throws InterruptedException {
    if (stopped) {
      throw new InterruptedException("stopped");
    }
    return e;
  }
}
