package io.penstock.node;

import io.penstock.node.retry.Backoff;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.ServeManager;
import io.penstock.node.stack.NodeStack;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a node serves, from the moment that what was stored is served again.
///
/// ```
///   STORED ──joined──► RESTORING ──served──► RESTORED
///     ▲                     │
///     └──cannot be served───┘                any but RESTORED ──closed──► CLOSED
/// ```
///
/// Until it is restored another config, which would take the place of what is stored, is set only
/// by those who want just that. Any thread may call this.
final class NodeServe {

  private static final Logger LOG = LoggerFactory.getLogger(NodeServe.class);

  /// In the state directory.
  private static final String CONFIG = "serve.json";

  private static final Duration RETRY_LEAST = Duration.ofSeconds(1);
  private static final Duration RETRY_MOST = Duration.ofMinutes(1);

  private enum State {
    STORED,
    RESTORING,
    RESTORED,
    CLOSED
  }

  private final NodeCertificates certificates;
  private final ServeManager manager;

  /// Lets one thread after the other try to restore, which takes its time.
  private final Object turn = new Object();

  // Guarded by this.
  private State state = State.STORED;

  /// What the log has said last of what was stored, as the node may join many times.
  private String told = "";

  NodeServe(NodeConfig config, NodeStack stack, NodeCertificates certificates) {
    this.certificates = certificates;
    manager =
        new ServeManager(
            stack,
            certificates.source(),
            config.serve(),
            config.state().map(directory -> directory.resolve(CONFIG)));
  }

  // ---- what was stored ----

  /// Serves what was stored on a thread of an executor, now that the node has joined; what may pass
  /// by itself is tried again until it does.
  void restoreOn(Executor executor) {
    if (!begin()) {
      return;
    }
    try {
      executor.execute(this::restore);
    } catch (RejectedExecutionException _) {
      // The node has been closed meanwhile.
    }
  }

  private synchronized boolean begin() {
    boolean first = state == State.STORED;
    if (first) {
      state = State.RESTORING;
    }
    return first;
  }

  private synchronized boolean isRestored() {
    return state == State.RESTORED;
  }

  private synchronized boolean isClosed() {
    return state == State.CLOSED;
  }

  private synchronized void become(State next) {
    if (state == State.STORED || state == State.RESTORING) {
      state = next;
    }
  }

  private void restore() {
    Backoff waits =
        new Backoff(RETRY_LEAST, RETRY_MOST, () -> ThreadLocalRandom.current().nextDouble());
    try {
      while (true) {
        String failure = tryToRestore();
        if (failure.isEmpty()) {
          return;
        }
        tell(failure);
        TimeUnit.NANOSECONDS.sleep(waits.nextNanos());
      }
    } catch (InterruptedException _) {
      // The node is closed.
    }
  }

  private synchronized void tell(String failure) {
    if (!failure.equals(told)) {
      LOG.warn("cannot serve what was stored cause=\"{}\"", failure);
      told = failure;
    }
  }

  /// Why it cannot be served now; empty when it is, or when only a person can mend it.
  private String tryToRestore() {
    try {
      restored();
      return "";
    } catch (ServeException e) {
      String why = String.valueOf(e.getMessage());
      return switch (e.reason()) {
        case CERTIFICATE, BIND, STORAGE, IN_USE, CONFLICT -> why;
        case MALFORMED, INVALID, UNSUPPORTED -> {
          tell(why);
          become(State.STORED);
          yield "";
        }
      };
    } catch (RuntimeException e) {
      if (isClosed()) {
        LOG.debug("not restored cause=\"{}\"", e.getMessage());
        return "";
      }
      // Whatever has failed may pass, and what was stored is not given up for it.
      return e.toString();
    }
  }

  /// The manager, once what was stored is served again; tries that now, and blocks meanwhile.
  ///
  /// @throws ServeException when it cannot be served
  ServeManager restored() throws ServeException {
    synchronized (turn) {
      if (!isRestored()) {
        manager.restore();
        become(State.RESTORED);
      }
      return manager;
    }
  }

  /// The manager for those who replace whatever is stored.
  ServeManager replaceable() {
    synchronized (turn) {
      try {
        restored();
      } catch (ServeException e) {
        tell(String.valueOf(e.getMessage()));
        LOG.info("what was stored is replaced");
      }
      become(State.RESTORED);
      return manager;
    }
  }

  // ---- the end ----

  /// Ends it with all its connections, for the limit at most, which somebody's own source of
  /// certificates may use up.
  void close(Duration limit) {
    become(State.CLOSED);
    certificates.close();
    Thread closing = Thread.ofVirtual().name("penstock-node-serve").start(manager::close);
    try {
      if (!closing.join(limit)) {
        LOG.warn("the serving does not end, as a source of certificates hangs waited={}", limit);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
