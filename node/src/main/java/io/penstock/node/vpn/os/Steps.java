package io.penstock.node.vpn.os;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/// Changes that are all made, or none.
final class Steps {

  private final Consumer<String> watcher;

  /// @param watcher is told of each step before it is taken
  Steps(Consumer<String> watcher) {
    this.watcher = watcher;
  }

  /// Makes the changes one after the other; when one fails those before it are taken back, the last
  /// one first.
  ///
  /// @throws IOException that of the step that failed, with those of the ways back that failed too
  void run(List<? extends Step> steps) throws IOException {
    Deque<Step> done = new ArrayDeque<>();
    for (Step step : steps) {
      watcher.accept(step.toString());
      try {
        step.apply();
      } catch (IOException | RuntimeException e) {
        takeBack(done, e);
        throw e;
      }
      done.push(step);
    }
  }

  private void takeBack(Deque<Step> done, Exception cause) {
    for (Step step : done) {
      watcher.accept("take back: " + step);
      try {
        step.undo();
      } catch (IOException | RuntimeException e) {
        cause.addSuppressed(new IOException("could not take back: " + step, e));
      }
    }
  }
}
