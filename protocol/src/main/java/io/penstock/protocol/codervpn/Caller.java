package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.codervpn.message.RPC;
import java.util.Queue;

/// The calls of a [Speaker]: each ends exactly once, with its reply or with a fault.
final class Caller<S extends Message, R extends Message> {

  private final Dialect<S> dialect;
  private final Sender<S> sender;
  private final PendingCalls pending;
  private final Queue<SpeakerEvent<R>> events;

  /// @param maxCalls that wait for their replies
  /// @param events what is told of them
  Caller(Dialect<S> dialect, Sender<S> sender, int maxCalls, Queue<SpeakerEvent<R>> events) {
    this.dialect = dialect;
    this.sender = sender;
    this.pending = new PendingCalls(maxCalls);
    this.events = events;
  }

  /// @param timeoutNanos within which the reply must have come
  /// @throws IllegalArgumentException when the message is larger than a frame may be
  CallStart call(S request, long timeoutNanos, long nowNanos) {
    if (pending.isFull()) {
      return new CallStart.Refused(CallFault.Plain.TOO_MANY_CALLS);
    }
    long id = pending.nextId();
    S numbered = dialect.withRpc(request, RPC.newBuilder().setMsgId(id).build());
    if (!sender.sendIfRoom(numbered, nowNanos)) {
      return new CallStart.Refused(CallFault.Plain.OUTPUT_FULL);
    }
    pending.add(id, Deadlines.after(nowNanos, timeoutNanos));
    return new CallStart.Waiting(id);
  }

  /// Gives a call up, if it still waits.
  void cancel(long call) {
    if (pending.remove(call)) {
      events.add(new SpeakerEvent.CallFailed<>(call, CallFault.Plain.CANCELLED));
    }
  }

  /// A reply has come.
  ///
  /// @return whether a call waited for it
  boolean replied(long call, R message) {
    boolean waited = pending.remove(call);
    events.add(
        waited
            ? new SpeakerEvent.Replied<>(call, message)
            : new SpeakerEvent.Ignored<>(SpeakerEvent.Ignored.Why.LATE_REPLY));
    return waited;
  }

  long nextDeadlineNanos() {
    return pending.nextDeadlineNanos();
  }

  /// Fails the calls whose time is over.
  void onDeadline(long nowNanos) {
    for (long call : pending.takeDue(nowNanos)) {
      events.add(new SpeakerEvent.CallFailed<>(call, CallFault.Plain.TIMED_OUT));
    }
  }

  /// Fails all calls, as nobody is left to reply.
  void failAll(SpeakerEnd reason) {
    for (long call : pending.takeAll()) {
      events.add(new SpeakerEvent.CallFailed<>(call, new CallFault.StreamEnded(reason)));
    }
  }
}
