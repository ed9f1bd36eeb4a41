package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.SocketException;
import java.util.concurrent.atomic.AtomicReference;

/// How a connection ended, and what the threads that use its socket are told about it.
///
/// An open connection is finished by the peer or breaks, whichever comes first; whoever closes the
/// socket ends all of it. Any thread; nothing waits here.
final class Ending {

  private sealed interface State {

    enum Plain implements State {
      OPEN,
      /// By the peer's end of stream; our own direction may still be open, or break later.
      FINISHED,
      /// By our own `close`.
      CLOSED
    }

    /// With the connection.
    ///
    /// @param told whether a thread knows; a write then fails as one into any pipe without a reader
    record Broken(Throwable cause, boolean told) implements State {}
  }

  private final AtomicReference<State> state = new AtomicReference<>(State.Plain.OPEN);

  /// The peer has ended its stream.
  void finish() {
    state.compareAndSet(State.Plain.OPEN, State.Plain.FINISHED);
  }

  /// The connection is gone.
  void breakOff(Throwable cause) {
    state.compareAndSet(State.Plain.OPEN, new State.Broken(cause, false));
  }

  /// The socket is closed by its user; false when it was before.
  boolean close() {
    return state.getAndSet(State.Plain.CLOSED) != State.Plain.CLOSED;
  }

  void requireOpen() throws SocketException {
    if (state.get() == State.Plain.CLOSED) {
      throw Failures.closed();
    }
  }

  /// Returns when a thread that has read the last byte is to be told of an orderly end.
  ///
  /// @throws IOException what broke the connection; every thread that reads is told
  void requireOrderly() throws IOException {
    if (state.get() instanceof State.Broken broken) {
      tell(broken);
      throw Failures.of(broken.cause());
    }
  }

  /// Why nothing is taken from a thread that writes: what broke the connection, if nobody knows
  /// yet.
  IOException ofWrite() {
    State now = state.get();
    if (now instanceof State.Broken broken && tell(broken)) {
      return Failures.ofWrite(broken.cause());
    }
    return now == State.Plain.CLOSED ? Failures.closed() : new SocketException("Broken pipe");
  }

  /// False when somebody was told before.
  private boolean tell(State.Broken broken) {
    return !broken.told() && state.compareAndSet(broken, new State.Broken(broken.cause(), true));
  }
}
