package io.penstock.gateway.overlay.router;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;

/// An event loop of a test: its tasks run when the test says so, on the test's thread.
final class TestLoop implements Executor {

  private final Queue<Runnable> tasks = new ArrayDeque<>(64);
  private int executed;

  @Override
  public void execute(Runnable task) {
    executed++;
    tasks.add(task);
  }

  /// Runs what is due and what that makes due; false when there was nothing.
  boolean runAll() {
    boolean any = false;
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      any = true;
      task.run();
    }
    return any;
  }

  /// How many tasks it was given so far.
  int executed() {
    return executed;
  }
}
