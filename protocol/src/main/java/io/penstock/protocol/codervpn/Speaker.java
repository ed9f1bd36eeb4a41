package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.Engine;
import io.penstock.protocol.Timers;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.RPC;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
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
    /// When a peer that takes nothing is given up.
    STALL,
    /// When a stream that is ending must have ended.
    CLOSE
  }

  private final SpeakerConfig config;
  private final Dialect<S> ours;
  private final Dialect<R> theirs;
  private final ByteBufAllocator allocator;
  private final HeaderExchange headers;
  private final FrameReader frames;
  private final Inbox<R> inbox;
  private final Outbox outbox;
  private final PendingCalls calls;
  private final Timers<Timer> timers = new Timers<>(Timer.values());
  private final ArrayDeque<SpeakerEvent<R>> events = new ArrayDeque<>();
  private Phase phase = Phase.HEADER;

  /// Agreed in the headers; before that the least that there is.
  private ProtocolVersion version = ProtocolVersion.V1_0;

  /// Why the stream ends, from the phase on in which that is known.
  private SpeakerEnd end = SpeakerEnd.Orderly.CLOSED_HERE;

  /// The start that was cancelled last.
  private long cancelledTicket = Inbox.NO_TICKET;

  private Speaker(
      SpeakerConfig config,
      Role role,
      Dialect<S> ours,
      Dialect<R> theirs,
      ByteBufAllocator allocator,
      long nowNanos) {
    this.config = config;
    this.ours = ours;
    this.theirs = theirs;
    this.allocator = allocator;
    this.headers = new HeaderExchange(role, config.header(), config.versions());
    this.frames = new FrameReader(allocator, config.maxFrameBytes());
    this.inbox = new Inbox<>(config.maxWaitingBytes());
    this.outbox = new Outbox(config.maxOutputBytes());
    this.calls = new PendingCalls(config.maxPendingCalls());
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
        moved = readFrame(in, nowNanos);
      }
    } finally {
      in.release();
    }
  }

  /// Whether the driver should go on reading: not while too many messages wait for their turn.
  public boolean wantsInput() {
    return inbox.hasRoom();
  }

  /// The peer has closed its direction; ours may still be open.
  public void inputEnded(long nowNanos) {
    switch (phase) {
      case HEADER ->
          close(new SpeakerEnd.HeaderRefused(HeaderFault.ENDED, "the stream ended before it"));
      case OPEN, LISTENING -> {
        if (frames.isBetweenFrames()) {
          peerIsDone(SpeakerEnd.Orderly.PEER_CLOSED, nowNanos);
        } else {
          close(new SpeakerEnd.Truncated(frames.progress()));
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
    breakOutput();
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
    breakOutput();
    inputEnded(nowNanos);
    if (phase != Phase.ANSWERING) {
      close(end);
    }
  }

  /// The connection broke, both ways; what the peer has said before is still told.
  ///
  /// @param detail what the operating system says
  public void connectionFailed(String detail, long nowNanos) {
    breakOutput();
    switch (phase) {
      case HEADER -> close(new SpeakerEnd.ConnectionFailed(detail));
      case OPEN, LISTENING -> peerIsDone(new SpeakerEnd.ConnectionFailed(detail), nowNanos);
      case ANSWERING -> {}
      case FINISHING, LINGERING, CLOSING, CLOSED -> close(end);
    }
  }

  private void breakOutput() {
    outbox.breakOff();
    timers.disarm(Timer.STALL);
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
    if (calls.isFull()) {
      return new CallStart.Refused(CallFault.Plain.TOO_MANY_CALLS);
    }
    long id = calls.nextId();
    if (!offerIfRoom(ours.withRpc(request, RPC.newBuilder().setMsgId(id).build()), nowNanos)) {
      return new CallStart.Refused(CallFault.Plain.OUTPUT_FULL);
    }
    calls.add(id, Deadlines.after(nowNanos, timeoutNanos));
    return new CallStart.Waiting(id);
  }

  /// Gives a call up; does nothing if it has ended.
  public void cancel(long call) {
    if (calls.remove(call)) {
      events.add(new SpeakerEvent.CallFailed<>(call, CallFault.Plain.CANCELLED));
    }
  }

  /// Sends a message that wants no reply.
  ///
  /// @return why it was not sent, if it was not
  /// @throws IllegalArgumentException when the message is larger than a frame may be
  /// @throws IllegalStateException before [SpeakerEvent.Opened]
  public Optional<CallFault> send(S message, long nowNanos) {
    Optional<CallFault> refusal = refusal(message);
    if (refusal.isPresent() || offerIfRoom(message, nowNanos)) {
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
    long id = theirs.rpc(request).getMsgId();
    RPC rpc = RPC.newBuilder().setResponseTo(id).build();
    offerBytes(frame(ours.withRpc(reply, rpc)), nowNanos);
    inbox.done();
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
      inbox.done();
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
    cancelStart();
    phase = Phase.CLOSED;
    end = reason;
    timers.disarmAll();
    outbox.release();
    frames.release();
    inbox.clear();
    failCalls(reason);
    events.add(new SpeakerEvent.Closed<>(reason));
  }

  // ---- time ----

  @Override
  public long nextDeadlineNanos() {
    return Deadlines.earlier(timers.next(), calls.nextDeadlineNanos());
  }

  @Override
  public void onDeadline(long nowNanos) {
    if (timers.fire(Timer.HEADER, nowNanos)) {
      close(new SpeakerEnd.HeaderRefused(HeaderFault.TIMEOUT, noHeader()));
    }
    if (timers.fire(Timer.STALL, nowNanos)) {
      close(new SpeakerEnd.PeerStalled(seconds(config.stallTimeoutNanos())));
    }
    if (timers.fire(Timer.CLOSE, nowNanos)) {
      close(end);
    }
    for (long call : calls.takeDue(nowNanos)) {
      events.add(new SpeakerEvent.CallFailed<>(call, CallFault.Plain.TIMED_OUT));
    }
  }

  // ---- output ----

  /// Returns the next buffer to be sent, which the caller owns, or null when nothing is left.
  ///
  /// Bytes may be taken as slowly as the connection takes them.
  public @Nullable ByteBuf transmit(long nowNanos) {
    ByteBuf next = outbox.poll();
    if (next == null) {
      allOut();
      return null;
    }
    if (outbox.isEmpty()) {
      timers.disarm(Timer.STALL);
    } else {
      timers.arm(Timer.STALL, nowNanos, config.stallTimeoutNanos());
    }
    tellNext(nowNanos);
    return next;
  }

  /// How many buffers have ever been given to [#transmit] to hand out, the header among them: the
  /// place of what was sent last.
  public long offered() {
    return outbox.added();
  }

  /// How many buffers [#transmit] has handed out.
  public long handedOut() {
    return outbox.taken();
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
        version = agreed;
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
      offerBytes(Unpooled.wrappedBuffer(line), nowNanos);
    }
  }

  private String noHeader() {
    String text = "none came within " + seconds(config.headerTimeoutNanos()) + " s";
    return config.header() == HeaderChoice.ANSWER
        ? text + "; this end only answers, so the other one has to begin"
        : text;
  }

  // ---- what comes ----

  private boolean readFrame(ByteBuf in, long nowNanos) {
    return switch (frames.next(in)) {
      case FrameReader.Found.Nothing _ -> false;
      case FrameReader.Found.TooLarge(long lengthBytes) -> {
        close(new SpeakerEnd.FrameTooLarge(lengthBytes, config.maxFrameBytes()));
        yield false;
      }
      case FrameReader.Found.Frame(ByteBuf body) -> {
        onFrame(body, nowNanos);
        yield true;
      }
    };
  }

  private void onFrame(ByteBuf body, long nowNanos) {
    try {
      ByteBuffer bytes = body.nioBuffer();
      if (FieldCount.exceeds(config.maxFields(), bytes, theirs.empty().getDescriptorForType())) {
        close(new SpeakerEnd.TooManyFields(config.maxFields()));
      } else {
        onMessage(theirs.parser().parseFrom(bytes), bytes.remaining(), nowNanos);
      }
    } catch (IOException e) {
      close(new SpeakerEnd.CorruptMessage(String.valueOf(e.getMessage())));
    } finally {
      body.release();
    }
  }

  /// A message with both ids set is a reply, as for the originals in Go and C#.
  private void onMessage(R message, int frameBytes, long nowNanos) {
    long responseTo = theirs.rpc(message).getResponseTo();
    if (responseTo == 0) {
      inbox.add(message, frameBytes);
      if (theirs.isStop(message)) {
        cancelStart();
      }
      tellNext(nowNanos);
    } else if (!calls.remove(responseTo)) {
      events.add(new SpeakerEvent.Ignored<>(SpeakerEvent.Ignored.Why.LATE_REPLY));
    } else {
      events.add(new SpeakerEvent.Replied<>(responseTo, message));
      if (theirs.isStop(message)) {
        // It is the last frame of a tunnel.
        peerIsDone(SpeakerEnd.Orderly.STOPPED, nowNanos);
      }
    }
  }

  private void peerIsDone(SpeakerEnd reason, long nowNanos) {
    leave(Phase.ANSWERING, reason, nowNanos);
    failCalls(reason);
    cancelStart();
    tellNext(nowNanos);
  }

  /// Tells of the next message if none is being handled and there is room for a reply.
  private void tellNext(long nowNanos) {
    while (isTelling() && inbox.current() == null && outbox.hasRoom()) {
      R message = inbox.next();
      if (message == null) {
        break;
      }
      tell(message, nowNanos);
    }
    if (phase == Phase.ANSWERING && inbox.isIdle()) {
      phase = Phase.CLOSING;
    }
  }

  private boolean isTelling() {
    return phase == Phase.OPEN || phase == Phase.ANSWERING || phase == Phase.LISTENING;
  }

  private void tell(R message, long nowNanos) {
    long id = theirs.rpc(message).getMsgId();
    switch (theirs.use(message)) {
      case REQUEST -> {
        if (id == 0) {
          ignore(SpeakerEvent.Ignored.Why.NO_ID);
        } else if (outbox.isBroken()) {
          ignore(SpeakerEvent.Ignored.Why.NOBODY_WAITS);
        } else {
          events.add(new SpeakerEvent.Request<>(inbox.ticket(), message));
          if (phase == Phase.ANSWERING || inbox.holds(theirs::isStop)) {
            cancelStart();
          }
        }
      }
      case NOTICE -> events.add(new SpeakerEvent.Notice<>(inbox.ticket(), message));
      case UNKNOWN -> {
        // As the original's tunnel does: whoever asked need not wait until its time is over.
        if (id != 0) {
          RPC rpc = RPC.newBuilder().setResponseTo(id).build();
          offerBytes(frame(ours.withRpc(ours.empty(), rpc)), nowNanos);
        }
        ignore(SpeakerEvent.Ignored.Why.UNKNOWN_MESSAGE);
      }
    }
  }

  private void ignore(SpeakerEvent.Ignored.Why why) {
    inbox.done();
    events.add(new SpeakerEvent.Ignored<>(why));
  }

  private void cancelStart() {
    R current = inbox.current();
    if (current != null && theirs.isStart(current) && cancelledTicket != inbox.ticket()) {
      cancelledTicket = inbox.ticket();
      events.add(new SpeakerEvent.StartCancelled<>(cancelledTicket));
    }
  }

  /// The message that is being handled; null when the stream is ending.
  private @Nullable R current(long ticket) {
    if (!isTelling()) {
      return null;
    }
    if (ticket != inbox.ticket()) {
      throw new IllegalStateException("message " + ticket + " is not being handled");
    }
    return inbox.current();
  }

  // ---- what goes ----

  private Optional<CallFault> refusal(S message) {
    if (phase == Phase.HEADER) {
      throw new IllegalStateException("the headers are not exchanged yet");
    }
    if (phase != Phase.OPEN) {
      return Optional.of(new CallFault.StreamEnded(end));
    }
    ProtocolVersion needed = ours.since(message);
    return version.includes(needed)
        ? Optional.empty()
        : Optional.of(new CallFault.Unsupported(needed, version));
  }

  private boolean offerIfRoom(S message, long nowNanos) {
    ByteBuf frame = frame(message);
    boolean room = outbox.hasRoomFor(frame.readableBytes());
    if (room) {
      offerBytes(frame, nowNanos);
    } else {
      frame.release();
    }
    return room;
  }

  private ByteBuf frame(S message) {
    return FrameWriter.frame(ours.fitted(message, version), config.maxFrameBytes(), allocator);
  }

  private void offerBytes(ByteBuf bytes, long nowNanos) {
    boolean first = outbox.isEmpty();
    outbox.add(bytes);
    if (first && !outbox.isEmpty()) {
      timers.arm(Timer.STALL, nowNanos, config.stallTimeoutNanos());
    }
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
    cancelStart();
    inbox.clear();
    leave(
        switch (phase) {
          case ANSWERING -> Phase.CLOSING;
          case LISTENING -> Phase.LINGERING;
          default -> Phase.FINISHING;
        },
        reason,
        nowNanos);
    failCalls(reason);
  }

  private void leave(Phase to, SpeakerEnd reason, long nowNanos) {
    phase = to;
    end = reason;
    timers.arm(Timer.CLOSE, nowNanos, config.closeTimeoutNanos());
  }

  private void failCalls(SpeakerEnd reason) {
    for (long call : calls.takeAll()) {
      events.add(new SpeakerEvent.CallFailed<>(call, new CallFault.StreamEnded(reason)));
    }
  }

  private static long seconds(long nanos) {
    return nanos / NANOS_PER_SECOND;
  }
}
