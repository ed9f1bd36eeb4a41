package io.penstock.transport.netstack.socket;

import java.io.InterruptedIOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// What comes from an event loop for threads that block: received bytes, datagrams, connections.
///
/// **Credit.** Things come in answers, and an answer comes only after a request; one is out at
/// most. A request goes out while less than a mark waits here, and when a thread is about to wait.
/// So at most the mark and one answer are ever held, and everything else stays where flow control
/// sees it.
///
/// **Threads.** The event loop calls [#add], [#answered] and [#end]. Threads take turns in taking:
/// [#enter], then [#head] and [#poll], then [#exit]. [#close] is for any thread. The event loop
/// never waits for a thread.
///
/// @param <T> what comes
final class Intake<T> {

  private enum State {
    OPEN,
    /// Nothing more will come; what waits can be taken.
    ENDED,
    /// Nobody takes any more; what waits, and what still comes, is discarded.
    CLOSED
  }

  private final Queue<T> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger held = new AtomicInteger();
  private final AtomicBoolean requested = new AtomicBoolean();
  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
  private final Turns turns = new Turns();
  private final Gate gate;
  private final ToIntFunction<T> weight;
  private final Consumer<T> discard;
  private final Runnable request;
  private volatile int mark;

  /// @param weight how many bytes of memory a thing holds
  /// @param mark how many of them may wait before no more is asked for; 0 to ask only for a thread
  ///   that waits
  /// @param request asks for an answer; called on any thread
  /// @param discard what is done with a thing that nobody takes, on any thread
  Intake(
      BooleanSupplier onEventLoop,
      ToIntFunction<T> weight,
      int mark,
      Runnable request,
      Consumer<T> discard) {
    gate = new Gate(onEventLoop);
    this.weight = weight;
    this.mark = mark;
    this.request = request;
    this.discard = discard;
  }

  // ---- the event loop ----

  /// Takes a thing, as part of an answer.
  void add(T thing) {
    if (isClosed()) {
      discard.accept(thing);
      return;
    }
    held.addAndGet(weight.applyAsInt(thing));
    waiting.add(thing);
    if (isClosed()) {
      discardAll();
    }
  }

  /// The answer is complete.
  void answered() {
    requested.set(false);
    gate.open();
    if (held.get() < mark) {
      ask();
    }
  }

  /// Nothing more will come.
  void end() {
    state.compareAndSet(State.OPEN, State.ENDED);
    gate.open();
  }

  // ---- any thread ----

  /// Sends a request, unless one is out or nothing will come.
  void ask() {
    if (state.get() == State.OPEN && requested.compareAndSet(false, true)) {
      request.run();
    }
  }

  /// Lets a thread that waits look again, as something has changed besides.
  void wake() {
    gate.open();
  }

  void setMark(int bytes) {
    mark = bytes;
    if (held.get() < bytes) {
      ask();
    }
  }

  int mark() {
    return mark;
  }

  /// Whether nothing more will come, though something may still wait.
  boolean isEnded() {
    return state.get() == State.ENDED;
  }

  boolean isClosed() {
    return state.get() == State.CLOSED;
  }

  /// Discards everything, now and from now on, and wakes who waits.
  void close() {
    state.set(State.CLOSED);
    gate.open();
    discardAll();
  }

  /// Takes the turn for it, so that nothing is discarded that a thread looks at; that thread
  /// discards in its place when it is done.
  private void discardAll() {
    while (!waiting.isEmpty() && turns.tryTake()) {
      try {
        discardWaiting();
      } finally {
        turns.end();
      }
    }
  }

  /// Discards what waits now. Only where no thread looks at the [#head] and keeps it there.
  void discardWaiting() {
    for (T thing = waiting.poll(); thing != null; thing = waiting.poll()) {
      held.addAndGet(-weight.applyAsInt(thing));
      discard.accept(thing);
    }
  }

  // ---- a thread that takes ----

  /// Waits for the turn of the calling thread; false when the deadline came first. The turn ends
  /// with [#exit].
  boolean enter(long deadlineNanos) {
    return turns.take(deadlineNanos);
  }

  void exit() {
    turns.end();
    if (isClosed()) {
      discardAll();
    }
  }

  /// Waits until something can be taken, nothing will come, or `besides` holds; false when the
  /// deadline came first.
  boolean await(BooleanSupplier besides, long deadlineNanos) throws InterruptedIOException {
    return gate.await(
        () -> {
          boolean ready = !waiting.isEmpty() || state.get() != State.OPEN || besides.getAsBoolean();
          if (!ready) {
            ask();
          }
          return ready;
        },
        deadlineNanos);
  }

  /// What has waited longest, which stays; null when nothing waits, or nobody takes any more.
  @Nullable T head() {
    return isClosed() ? null : waiting.peek();
  }

  /// Takes what has waited longest; null when nothing waits, or nobody takes any more.
  @Nullable T poll() {
    T thing = isClosed() ? null : waiting.poll();
    if (thing != null) {
      int left = held.addAndGet(-weight.applyAsInt(thing));
      if (left < mark) {
        ask();
      }
    }
    return thing;
  }
}
