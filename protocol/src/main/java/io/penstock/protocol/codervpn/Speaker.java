package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.Engine;
import io.penstock.protocol.Timers;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import java.util.ArrayDeque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One end of a codervpn stream: the engine that exchanges headers, cuts frames, and matches
/// replies with requests.
///
/// ```
/// HEADER --agreed--> OPEN --stop answered, finish--> FINISHING --all out--> LINGERING --> CLOSED
///    |                |\--output broke--> LISTENING
///    |                v                      v
///    |              ANSWERING <---peer's end--/
///    |                |--all answered--> CLOSING --all out--> CLOSED
///    \--refused--> CLOSING           any --fault, close, time over--> CLOSED
/// ```
///
/// **Invariants.** What the peer asks and says is told one message at a time and in order; a reply
/// to a call of ours is told at once. A stop makes the start that is being handled be cancelled and
/// is told after that one's reply; its own reply is the last frame. Each call ends exactly once.
/// Nothing is told or handed out after [SpeakerEvent.Closed].
///
/// **Parts.** [MessageReader] reads, [Sender] writes, [Caller] asks and [Answerer] is asked; here
/// are the phases of the stream, and how it ends.
///
/// **Bounds.** See [SpeakerConfig]. When too much waits to be handled, no input is wanted; when too
/// much waits to be sent, calls and messages are refused and no further request is told.
///
/// **Calling.** One thread. After any call the driver drains [#transmit] and [#pollEvent], and
/// reads [#wantsInput] and [#nextDeadlineNanos] again.
///
/// References: `docs/protocol/codervpn.md`.
///
/// @param <S> what this end sends
/// @param <R> what this end receives
public final class Speaker<S extends Message, R extends Message> implements Engine {

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private enum Phase {
    /// The headers are being exchanged.
    HEADER,
    OPEN,
    /// The peer sends nothing more; what it has said and asked is still told and answered.
    ANSWERING,
    /// The peer takes nothing more; what it says is still read.
    LISTENING,
    /// Nothing more is said here; what waits is handed out, then the peer's end is awaited.
    FINISHING,
    /// All is handed out and only the peer's end is awaited.
    LINGERING,
    /// What waits is handed out, and that is the end.
    CLOSING,
    CLOSED
  }

  private enum Timer {
    /// When the peer's header must have come.
    HEADER,
    /// When a stream that is ending must have ended.
    CLOSE
  }

  private final SpeakerConfig config;
  private final Dialect<R> theirs;
  private final HeaderExchange headers;
  private final MessageReader<R> reader;
  private final Sender<S> sender;
  private final Caller<S, R> caller;
  private final Answerer<S, R> answerer;
  private final Timers<Timer> timers = new Timers<>(Timer.values());
  private final ArrayDeque<SpeakerEvent<R>> events = new ArrayDeque<>();
  private Phase phase = Phase.HEADER;

  /// Why the stream ends, from the phase on in which that is known.
  private SpeakerEnd end = SpeakerEnd.Orderly.CLOSED_HERE;

  private Speaker(
      SpeakerConfig config,
      Role role,
      Dialect<S> ours,
      Dialect<R> theirs,
      ByteBufAllocator allocator,
      long nowNanos) {
    this.config = config;
    this.theirs = theirs;
    this.headers = new HeaderExchange(role, config.header(), config.versions());
    this.reader = new MessageReader<>(theirs, config, allocator);
    this.sender = new Sender<>(ours, config, allocator);
    this.caller = new Caller<>(ours, sender, config.maxPendingCalls(), events);
    this.answerer = new Answerer<>(theirs, sender, config.maxWaitingBytes(), events);
    timers.arm(Timer.HEADER, nowNanos, config.headerTimeoutNanos());
    offerHeader(nowNanos);
  }

  /// The manager's end of a stream that has just been connected.
  public static Speaker<ManagerMessage, TunnelMessage> manager(
      SpeakerConfig config, ByteBufAllocator allocator, long nowNanos) {
    return new Speaker<>(
        config, Role.MANAGER, ManagerDialect.INSTANCE, TunnelDialect.INSTANCE, allocator, nowNanos);
  }

  /// The tunnel's end of a stream that has just been connected.
  public static Speaker<TunnelMessage, ManagerMessage> tunnel(
      SpeakerConfig config, ByteBufAllocator allocator, long nowNanos) {
    return new Speaker<>(
        config, Role.TUNNEL, TunnelDialect.INSTANCE, ManagerDialect.INSTANCE, allocator, nowNanos);
  }

  // ---- input ----

  /// Takes bytes that came from the peer, cut anywhere; the speaker takes the buffer.
  public void receive(ByteBuf in, long nowNanos) {
    try {
      if (phase == Phase.HEADER) {
        readHeader(in, nowNanos);
      }
      boolean moved = true;
      while (moved && (phase == Phase.OPEN || phase == Phase.LISTENING)) {
        moved = readMessage(in, nowNanos);
      }
    } finally {
      in.release();
    }
  }

  /// Whether the driver should go on reading: not while too many messages wait for their turn.
  public boolean wantsInput() {
    return answerer.hasRoom();
  }

  /// The peer has closed its direction; ours may still be open.
  public void inputEnded(long nowNanos) {
    switch (phase) {
      case HEADER ->
          close(new SpeakerEnd.HeaderRefused(HeaderFault.ENDED, "the stream ended before it"));
      case OPEN, LISTENING -> {
        SpeakerEnd reason = reader.atEnd();
        if (reason.graceful()) {
          peerIsDone(reason, nowNanos);
        } else {
          close(reason);
        }
      }
      case FINISHING -> phase = Phase.CLOSING;
      case LINGERING -> close(end);
      case ANSWERING, CLOSING, CLOSED -> {}
    }
  }

  /// The peer takes nothing more; what it has sent may still be read.
  ///
  /// @param detail what the operating system says
  public void outputFailed(String detail, long nowNanos) {
    sender.breakOff();
    switch (phase) {
      case HEADER -> close(new SpeakerEnd.ConnectionFailed(detail));
      case OPEN -> leave(Phase.LISTENING, new SpeakerEnd.ConnectionFailed(detail), nowNanos);
      case FINISHING -> phase = Phase.LINGERING;
      case CLOSING -> close(end);
      case ANSWERING, LISTENING, LINGERING, CLOSED -> {}
    }
  }

  /// The connection is gone, both ways; what the peer has said before is still told.
  public void connectionClosed(long nowNanos) {
    sender.breakOff();
    inputEnded(nowNanos);
    if (phase != Phase.ANSWERING) {
      close(end);
    }
  }

  /// The connection broke, both ways; what the peer has said before is still told.
  ///
  /// @param detail what the operating system says
  public void connectionFailed(String detail, long nowNanos) {
    sender.breakOff();
    switch (phase) {
      case HEADER -> close(new SpeakerEnd.ConnectionFailed(detail));
      case OPEN, LISTENING -> peerIsDone(new SpeakerEnd.ConnectionFailed(detail), nowNanos);
      case ANSWERING -> {}
      case FINISHING, LINGERING, CLOSING, CLOSED -> close(end);
    }
  }

  // ---- commands ----

  /// Asks the peer something.
  ///
  /// @param timeoutNanos within which the reply must have come
  /// @throws IllegalArgumentException when the message is larger than a frame may be
  /// @throws IllegalStateException before [SpeakerEvent.Opened]
  public CallStart call(S request, long timeoutNanos, long nowNanos) {
    Optional<CallFault> refusal = refusal(request);
    if (refusal.isPresent()) {
      return new CallStart.Refused(refusal.get());
    }
    return caller.call(request, timeoutNanos, nowNanos);
  }

  /// Gives a call up; does nothing if it has ended.
  public void cancel(long call) {
    caller.cancel(call);
  }

  /// Sends a message that wants no reply.
  ///
  /// @return why it was not sent, if it was not
  /// @throws IllegalArgumentException when the message is larger than a frame may be
  /// @throws IllegalStateException before [SpeakerEvent.Opened]
  public Optional<CallFault> send(S message, long nowNanos) {
    Optional<CallFault> refusal = refusal(message);
    if (refusal.isPresent() || sender.sendIfRoom(message, nowNanos)) {
      return refusal;
    }
    return Optional.of(CallFault.Plain.OUTPUT_FULL);
  }

  /// Replies to a request; does nothing if the stream is ending.
  ///
  /// @param ticket that of [SpeakerEvent.Request]
  /// @throws IllegalArgumentException when the reply is larger than a frame may be; the request
  ///   still waits
  public void reply(long ticket, S reply, long nowNanos) {
    R request = current(ticket);
    if (request == null) {
      return;
    }
    answerer.reply(request, reply, nowNanos);
    if (theirs.isStop(request)) {
      finish(SpeakerEnd.Orderly.STOPPED, nowNanos);
    } else {
      tellNext(nowNanos);
    }
  }

  /// Is done with a notice, or with a request that gets no reply.
  ///
  /// @param ticket that of [SpeakerEvent.Notice] or [SpeakerEvent.Request]
  public void release(long ticket, long nowNanos) {
    if (current(ticket) != null) {
      answerer.done();
      tellNext(nowNanos);
    }
  }

  /// Ends the stream in good order: what waits is handed out, then the peer's end is awaited.
  public void finish(long nowNanos) {
    if (phase == Phase.HEADER) {
      close(SpeakerEnd.Orderly.CLOSED_HERE);
    } else if (phase == Phase.OPEN || phase == Phase.LISTENING) {
      finish(SpeakerEnd.Orderly.CLOSED_HERE, nowNanos);
    }
  }

  /// Ends the stream at once; nothing more is handed out. Harmless when repeated.
  public void close(SpeakerEnd reason) {
    if (phase == Phase.CLOSED) {
      return;
    }
    answerer.cancelStart();
    phase = Phase.CLOSED;
    end = reason;
    timers.disarmAll();
    sender.release();
    reader.release();
    answerer.clear();
    caller.failAll(reason);
    events.add(new SpeakerEvent.Closed<>(reason));
  }

  // ---- time ----

  @Override
  public long nextDeadlineNanos() {
    long sending = Deadlines.earlier(sender.nextDeadlineNanos(), caller.nextDeadlineNanos());
    return Deadlines.earlier(timers.next(), sending);
  }

  @Override
  public void onDeadline(long nowNanos) {
    if (timers.fire(Timer.HEADER, nowNanos)) {
      close(new SpeakerEnd.HeaderRefused(HeaderFault.TIMEOUT, noHeader()));
    }
    if (sender.isStalled(nowNanos)) {
      close(new SpeakerEnd.PeerStalled(seconds(config.stallTimeoutNanos())));
    }
    if (timers.fire(Timer.CLOSE, nowNanos)) {
      close(end);
    }
    caller.onDeadline(nowNanos);
  }

  // ---- output ----

  /// Returns the next buffer to be sent, which the caller owns, or null when nothing is left.
  ///
  /// Bytes may be taken as slowly as the connection takes them.
  public @Nullable ByteBuf transmit(long nowNanos) {
    ByteBuf next = sender.poll(nowNanos);
    if (next == null) {
      allOut();
      return null;
    }
    tellNext(nowNanos);
    return next;
  }

  /// How many buffers have ever been given to [#transmit] to hand out, the header among them: the
  /// place of what was sent last.
  public long offered() {
    return sender.offered();
  }

  /// How many buffers [#transmit] has handed out.
  public long handedOut() {
    return sender.handedOut();
  }

  /// Returns the next event, or null when there is none.
  public @Nullable SpeakerEvent<R> pollEvent() {
    return events.poll();
  }

  public boolean isClosed() {
    return phase == Phase.CLOSED;
  }

  // ---- the header ----

  private void readHeader(ByteBuf in, long nowNanos) {
    HeaderExchange.Outcome outcome = headers.read(in);
    offerHeader(nowNanos);
    switch (outcome) {
      case HeaderExchange.Outcome.Partial _ -> {}
      case HeaderExchange.Outcome.Agreed(ProtocolVersion agreed, HeaderForm form) -> {
        timers.disarm(Timer.HEADER);
        sender.agreedOn(agreed);
        phase = Phase.OPEN;
        events.add(new SpeakerEvent.Opened<>(agreed, form));
      }
      case HeaderExchange.Outcome.Refused(HeaderFault fault, String detail) -> {
        timers.disarm(Timer.HEADER);
        leave(Phase.CLOSING, new SpeakerEnd.HeaderRefused(fault, detail), nowNanos);
      }
    }
  }

  private void offerHeader(long nowNanos) {
    byte[] line = headers.takeOurs();
    if (line != null) {
      sender.send(Unpooled.wrappedBuffer(line), nowNanos);
    }
  }

  private String noHeader() {
    String text = "none came within " + seconds(config.headerTimeoutNanos()) + " s";
    return config.header() == HeaderChoice.ANSWER
        ? text + "; this end only answers, so the other one has to begin"
        : text;
  }

  // ---- what comes ----

  private boolean readMessage(ByteBuf in, long nowNanos) {
    return switch (reader.next(in)) {
      case MessageReader.Found.Nothing<R> _ -> false;
      case MessageReader.Found.Broken<R>(SpeakerEnd reason) -> {
        close(reason);
        yield false;
      }
      case MessageReader.Found.Whole<R>(R message, int frameBytes) -> {
        onMessage(message, frameBytes, nowNanos);
        yield true;
      }
    };
  }

  /// A message with both ids set is a reply, as for the originals in Go and C#.
  private void onMessage(R message, int frameBytes, long nowNanos) {
    long responseTo = theirs.rpc(message).getResponseTo();
    if (responseTo == 0) {
      answerer.add(message, frameBytes);
      tellNext(nowNanos);
    } else if (caller.replied(responseTo, message) && theirs.isStop(message)) {
      // It is the last frame of a tunnel.
      peerIsDone(SpeakerEnd.Orderly.STOPPED, nowNanos);
    }
  }

  private void peerIsDone(SpeakerEnd reason, long nowNanos) {
    leave(Phase.ANSWERING, reason, nowNanos);
    caller.failAll(reason);
    answerer.cancelStart();
    tellNext(nowNanos);
  }

  private void tellNext(long nowNanos) {
    if (isTelling()) {
      answerer.tellNext(phase == Phase.ANSWERING, nowNanos);
    }
    if (phase == Phase.ANSWERING && answerer.isIdle()) {
      phase = Phase.CLOSING;
    }
  }

  private boolean isTelling() {
    return phase == Phase.OPEN || phase == Phase.ANSWERING || phase == Phase.LISTENING;
  }

  /// The message that is being handled; null when the stream is ending.
  private @Nullable R current(long ticket) {
    return isTelling() ? answerer.current(ticket) : null;
  }

  // ---- what goes ----

  private Optional<CallFault> refusal(S message) {
    if (phase == Phase.HEADER) {
      throw new IllegalStateException("the headers are not exchanged yet");
    }
    if (phase != Phase.OPEN) {
      return Optional.of(new CallFault.StreamEnded(end));
    }
    return sender.refusal(message);
  }

  private void allOut() {
    if (phase == Phase.FINISHING) {
      phase = Phase.LINGERING;
      events.add(new SpeakerEvent.OutputFinished<>());
    } else if (phase == Phase.CLOSING) {
      close(end);
    }
  }

  // ---- the end ----

  private void finish(SpeakerEnd reason, long nowNanos) {
    answerer.cancelStart();
    answerer.clear();
    leave(
        switch (phase) {
          case ANSWERING -> Phase.CLOSING;
          case LISTENING -> Phase.LINGERING;
          default -> Phase.FINISHING;
        },
        reason,
        nowNanos);
    caller.failAll(reason);
  }

  private void leave(Phase to, SpeakerEnd reason, long nowNanos) {
    phase = to;
    end = reason;
    timers.arm(Timer.CLOSE, nowNanos, config.closeTimeoutNanos());
  }

  private static long seconds(long nanos) {
    return nanos / NANOS_PER_SECOND;
  }
}
