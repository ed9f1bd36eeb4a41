package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// What the peer of a [Speaker] asks and says: told one message at a time and in order, and
/// answered.
///
/// A message is told when the one before it is done and there is room for a reply. A stop that
/// comes, or the end of the peer, makes the start that is being handled be cancelled, once.
final class Answerer<S extends Message, R extends Message> {

  private final Dialect<R> dialect;
  private final Sender<S> sender;
  private final Inbox<R> inbox;
  private final Queue<SpeakerEvent<R>> events;

  /// The start that was cancelled last.
  private long cancelledTicket = Inbox.NO_TICKET;

  /// @param maxWaitingBytes of messages, after which no more should come
  /// @param events what is told of them
  Answerer(
      Dialect<R> dialect, Sender<S> sender, int maxWaitingBytes, Queue<SpeakerEvent<R>> events) {
    this.dialect = dialect;
    this.sender = sender;
    this.inbox = new Inbox<>(maxWaitingBytes);
    this.events = events;
  }

  /// Takes a message that has come and is no reply.
  void add(R message, int frameBytes) {
    inbox.add(message, frameBytes);
    if (dialect.isStop(message)) {
      cancelStart();
    }
  }

  boolean hasRoom() {
    return inbox.hasRoom();
  }

  /// Whether nothing waits or is being handled.
  boolean isIdle() {
    return inbox.isIdle();
  }

  /// Tells of the next message if none is being handled and there is room for a reply.
  ///
  /// @param peerIsGone so that a start is cancelled at once
  void tellNext(boolean peerIsGone, long nowNanos) {
    while (inbox.current() == null && sender.hasRoom()) {
      R message = inbox.next();
      if (message == null) {
        break;
      }
      tell(message, peerIsGone, nowNanos);
    }
  }

  private void tell(R message, boolean peerIsGone, long nowNanos) {
    long id = dialect.rpc(message).getMsgId();
    switch (dialect.use(message)) {
      case REQUEST -> {
        if (id == 0) {
          ignore(SpeakerEvent.Ignored.Why.NO_ID);
        } else if (sender.isBroken()) {
          ignore(SpeakerEvent.Ignored.Why.NOBODY_WAITS);
        } else {
          events.add(new SpeakerEvent.Request<>(inbox.ticket(), message));
          if (peerIsGone || inbox.holds(dialect::isStop)) {
            cancelStart();
          }
        }
      }
      case NOTICE -> events.add(new SpeakerEvent.Notice<>(inbox.ticket(), message));
      case UNKNOWN -> {
        // As the original's tunnel does: whoever asked need not wait until its time is over.
        if (id != 0) {
          sender.replyNothing(id, nowNanos);
        }
        ignore(SpeakerEvent.Ignored.Why.UNKNOWN_MESSAGE);
      }
    }
  }

  private void ignore(SpeakerEvent.Ignored.Why why) {
    inbox.done();
    events.add(new SpeakerEvent.Ignored<>(why));
  }

  /// Cancels the start that is being handled, if there is one and it was not cancelled yet.
  void cancelStart() {
    R current = inbox.current();
    if (current != null && dialect.isStart(current) && cancelledTicket != inbox.ticket()) {
      cancelledTicket = inbox.ticket();
      events.add(new SpeakerEvent.StartCancelled<>(cancelledTicket));
    }
  }

  /// The message that is being handled, or null.
  ///
  /// @throws IllegalStateException when it is another one
  @Nullable R current(long ticket) {
    if (ticket != inbox.ticket()) {
      throw new IllegalStateException("message " + ticket + " is not being handled");
    }
    return inbox.current();
  }

  /// Replies to the request that is being handled, with which that is done.
  ///
  /// @throws IllegalArgumentException when the reply is larger than a frame may be; the request is
  ///   then still being handled
  void reply(R request, S reply, long nowNanos) {
    sender.reply(dialect.rpc(request).getMsgId(), reply, nowNanos);
    inbox.done();
  }

  /// The message that is being handled is done.
  void done() {
    inbox.done();
  }

  /// Forgets all that waits or is being handled.
  void clear() {
    inbox.clear();
  }
}
