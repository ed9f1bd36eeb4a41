package io.penstock.protocol.smux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.collection.IntObjectHashMap;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.Engine;
import io.penstock.protocol.smux.SmuxCloseReason.SessionEnd;
import io.penstock.protocol.smux.SmuxCloseReason.StreamEnd;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import org.jspecify.annotations.Nullable;

/// One end of a smux connection: the engine that turns frames into streams and back.
///
/// **Design.** [FrameReader] cuts the input into frames, [SmuxStream] holds the bytes and the state
/// of each stream, [ReceiveBudget] bounds what is unread, [FrameWriter] picks what is sent. The
/// session ties them together, keeps time, and tells the driver what happened.
///
/// **Invariants.** A stream is in the map until it is closed on both sides and read to its end.
/// What happens to one stream changes no other. In version 2 input is always wanted: a stream that
/// nobody reads fills its own window and, should the budget be exhausted, is cut off. In version 1
/// an exhausted budget stops the input of all streams; when its readers have made too little room
/// for too long ([StallClock]), the largest holders are cut off until there is room.
///
/// **Bounds.** See [SmuxConfig].
///
/// **Calling.** One thread. After any call the driver drains [#transmit], [#pollEvent] and
/// [#pollReady], and reads [#wantsInput] and [#nextDeadlineNanos] again.
///
/// References: the frame in [SmuxFrame]; `docs/protocol/smux.md`.
public final class SmuxSession implements Engine {

  /// What no stream that we open has.
  private static final int NO_ID = 0;

  private enum State {
    OPEN,
    /// No stream is opened any more; the session closes when all FINs are out.
    SHUTTING_DOWN,
    CLOSED
  }

  private final SmuxConfig config;
  private final ByteBufAllocator allocator;
  private final FrameReader reader;
  private final FrameWriter writer;
  private final ReceiveBudget budget;
  private final StallClock stall;
  private final SmuxTimer.Table timers = new SmuxTimer.Table();
  private final IntObjectHashMap<SmuxStream> streams = new IntObjectHashMap<>();
  private final ArrayDeque<SmuxEvent> events = new ArrayDeque<>();
  private final ArrayDeque<SmuxStream> ready = new ArrayDeque<>();
  private final LinkedHashSet<SmuxStream> lingering = new LinkedHashSet<>();
  private State state = State.OPEN;
  private long nowNanos;
  private int lastId;
  private int untoldStreams;
  private int peerStreams;
  private long lastReceivedNanos;
  private boolean inputPaused;

  public SmuxSession(SmuxConfig config, SmuxRole role, ByteBufAllocator allocator, long nowNanos) {
    this(config, role.idBeforeFirst(), allocator, nowNanos);
  }

  SmuxSession(SmuxConfig config, int idBeforeFirst, ByteBufAllocator allocator, long nowNanos) {
    this.config = config;
    this.allocator = allocator;
    this.lastId = idBeforeFirst;
    this.reader = new FrameReader(this, config.version());
    this.writer = new FrameWriter(config, allocator);
    this.budget = new ReceiveBudget(config);
    this.stall = new StallClock(config, nowNanos);
    this.nowNanos = nowNanos;
    this.lastReceivedNanos = nowNanos;
    if (config.keepAlive()) {
      timers.set(
          SmuxTimer.KEEPALIVE_SEND, Deadlines.after(nowNanos, config.keepAliveIntervalNanos()));
      timers.set(
          SmuxTimer.KEEPALIVE_TIMEOUT, Deadlines.after(nowNanos, config.keepAliveTimeoutNanos()));
    }
  }

  // ---- input ----

  /// Takes bytes that came from the peer, cut anywhere; the session takes the buffer.
  public void receive(ByteBuf in, long nowNanos) {
    try {
      if (state == State.CLOSED || !in.isReadable()) {
        return;
      }
      this.nowNanos = nowNanos;
      lastReceivedNanos = nowNanos;
      reader.read(in);
      inputPaused |= !wantsInput();
    } finally {
      in.release();
    }
  }

  /// Whether the driver should go on reading the connection; false only in version 1, while the
  /// streams hold all that they may.
  public boolean wantsInput() {
    return config.version() == 2 || state == State.CLOSED || !budget.isExhausted();
  }

  // ---- commands ----

  /// Opens a stream; its SYN goes out with the next `transmit`, before its bytes.
  ///
  /// @throws IllegalStateException if [#canOpen] is false
  public SmuxStream open() {
    int id = nextId();
    if (state != State.OPEN || id == NO_ID) {
      throw new IllegalStateException(
          state == State.OPEN ? "the stream ids are used up" : "the session is " + state);
    }
    lastId = id;
    SmuxStream stream = new SmuxStream(this, id, false);
    streams.put(id, stream);
    writer.offerControl(stream);
    return stream;
  }

  /// The next id of ours that no live stream has, or [#NO_ID].
  ///
  /// A peer may open streams of any parity, so it can have taken some of ours.
  private int nextId() {
    int id = lastId + 2;
    while (Integer.compareUnsigned(id, lastId) > 0 && streams.containsKey(id)) {
      id += 2;
    }
    // As the original: the session ends its opening when the next id would wrap.
    return Integer.compareUnsigned(id, lastId) > 0 ? id : NO_ID;
  }

  /// Whether a stream can be opened: the session is neither closed nor closing, and the ids, which
  /// are never used twice, are not used up.
  public boolean canOpen() {
    return state == State.OPEN && nextId() != NO_ID;
  }

  /// Ends all streams with FIN after what was written on them, then closes the session.
  ///
  /// The driver goes on draining; [SmuxEvent.Closed] comes when all is handed out, or when the
  /// linger time is over.
  public void shutdown(long nowNanos) {
    this.nowNanos = nowNanos;
    if (state != State.OPEN) {
      return;
    }
    state = State.SHUTTING_DOWN;
    timers.set(SmuxTimer.SHUTDOWN, Deadlines.after(nowNanos, config.lingerNanos()));
    for (SmuxStream stream : allStreams()) {
      if (stream.state() != SmuxStreamState.LINGERING) {
        stream.close(nowNanos);
        events.add(new SmuxEvent.StreamCut(stream, SessionEnd.SHUT_DOWN));
      }
    }
  }

  /// Closes the session and all its streams at once; nothing more is sent. Harmless when repeated.
  public void close(SmuxCloseReason reason) {
    if (state == State.CLOSED) {
      return;
    }
    state = State.CLOSED;
    reader.stop();
    timers.cancelAll();
    for (SmuxStream stream : allStreams()) {
      boolean owned = stream.state() != SmuxStreamState.LINGERING;
      stream.end();
      if (owned) {
        events.add(new SmuxEvent.StreamCut(stream, reason));
      }
    }
    lingering.clear();
    writer.releaseAll();
    events.add(new SmuxEvent.Closed(reason));
  }

  // ---- time ----

  @Override
  public long nextDeadlineNanos() {
    return timers.next();
  }

  @Override
  public void onDeadline(long nowNanos) {
    this.nowNanos = nowNanos;
    if (timers.isDue(SmuxTimer.KEEPALIVE_SEND, nowNanos)) {
      writer.offerNop();
      timers.set(
          SmuxTimer.KEEPALIVE_SEND, Deadlines.after(nowNanos, config.keepAliveIntervalNanos()));
    }
    if (timers.isDue(SmuxTimer.STALL, nowNanos)) {
      makeRoom(StreamEnd.STALLED);
      stall.restart();
    }
    if (timers.isDue(SmuxTimer.LINGER, nowNanos)) {
      endLingering(nowNanos);
    }
    if (timers.isDue(SmuxTimer.KEEPALIVE_TIMEOUT, nowNanos)) {
      checkSilence(nowNanos);
    }
    if (timers.isDue(SmuxTimer.SHUTDOWN, nowNanos)) {
      close(SessionEnd.SHUT_DOWN);
    }
  }

  /// Gives a silent peer up, unless it was we who did not listen.
  ///
  /// Deviates from the original, which closes when a whole tick of its timer saw no header, so
  /// after one to two timeouts; we close after exactly one, and any received byte counts.
  private void checkSilence(long nowNanos) {
    long silentAt = Deadlines.after(lastReceivedNanos, config.keepAliveTimeoutNanos());
    long lateNanos = nowNanos - timers.deadline(SmuxTimer.KEEPALIVE_TIMEOUT);
    if (!Deadlines.isDue(silentAt, nowNanos)) {
      timers.set(SmuxTimer.KEEPALIVE_TIMEOUT, silentAt);
    } else if (inputPaused) {
      inputPaused = !wantsInput();
      timers.set(
          SmuxTimer.KEEPALIVE_TIMEOUT, Deadlines.after(nowNanos, config.keepAliveTimeoutNanos()));
    } else if (lateNanos > config.keepAliveTimeoutNanos() / 8) {
      // The thread was held up past the deadline, and what the peer sent may still be unread.
      timers.set(
          SmuxTimer.KEEPALIVE_TIMEOUT, Deadlines.after(nowNanos, config.keepAliveIntervalNanos()));
    } else {
      close(SessionEnd.KEEPALIVE_TIMEOUT);
    }
  }

  private void endLingering(long nowNanos) {
    timers.cancel(SmuxTimer.LINGER);
    while (!lingering.isEmpty()) {
      SmuxStream first = lingering.getFirst();
      if (!Deadlines.isDue(first.lingerDeadlineNanos(), nowNanos)) {
        timers.set(SmuxTimer.LINGER, first.lingerDeadlineNanos());
        return;
      }
      lingering.removeFirst();
      first.dropOutput();
    }
  }

  // ---- output ----

  /// Returns the next buffer to be sent, which the caller owns, or null when nothing is left.
  ///
  /// Bytes may be taken as slowly as the connection takes them: while they are not, the streams'
  /// outputs fill up and their writers stop.
  public @Nullable ByteBuf transmit() {
    if (state == State.CLOSED) {
      return null;
    }
    ByteBuf next = writer.next();
    if (next == null && state == State.SHUTTING_DOWN && streams.isEmpty()) {
      close(SessionEnd.SHUT_DOWN);
    }
    return next;
  }

  /// Returns the next event, or null when there is none.
  public @Nullable SmuxEvent pollEvent() {
    SmuxEvent event = events.poll();
    if (event instanceof SmuxEvent.StreamOpened) {
      untoldStreams--;
    }
    return event;
  }

  /// Returns the next stream that has bytes to read, has seen the peer's FIN, or takes bytes again
  /// after it was full; null when there is none. The driver looks at the stream to see which.
  public @Nullable SmuxStream pollReady() {
    SmuxStream stream = ready.poll();
    if (stream != null) {
      stream.delist(SmuxStream.IN_READY);
    }
    return stream;
  }

  // ---- queries ----

  public SmuxConfig config() {
    return config;
  }

  /// The number of streams that their owners have not closed, or whose FIN is not out yet.
  public int streams() {
    return streams.size();
  }

  public boolean isClosed() {
    return state == State.CLOSED;
  }

  /// When any part of a frame was last received; the time of creation before that.
  public long lastFrameReceivedNanos() {
    return lastReceivedNanos;
  }

  /// The memory of received bytes that nobody has read.
  public long heldInputBytes() {
    return budget.heldBytes();
  }

  // ---- what the reader tells ----

  void onSyn(int streamId) {
    if (streams.containsKey(streamId)) {
      return;
    }
    if (state != State.OPEN
        || untoldStreams >= config.acceptBacklogStreams()
        || peerStreams >= config.maxPeerStreams()) {
      // Deviates from the original, whose whole session waits until the backlog has room.
      if (!writer.offerRefusal(streamId)) {
        close(SessionEnd.OPEN_FLOOD);
      }
      return;
    }
    SmuxStream stream = new SmuxStream(this, streamId, true);
    streams.put(streamId, stream);
    peerStreams++;
    untoldStreams++;
    events.add(new SmuxEvent.StreamOpened(stream));
  }

  void onFin(int streamId) {
    SmuxStream stream = streams.get(streamId);
    if (stream != null) {
      stream.onPeerFin();
    }
  }

  /// Returns the stream that gets the bytes of a frame, or null if they are to be dropped.
  @Nullable SmuxStream onPush(int streamId, int length) {
    SmuxStream stream = streams.get(streamId);
    if (stream == null || !stream.state().takesInput()) {
      return null;
    }
    if (!stream.admits(length) && config.version() == 2) {
      cut(stream, StreamEnd.WINDOW_OVERRUN);
      return null;
    }
    return stream;
  }

  @Nullable SmuxStream stream(int streamId) {
    return streams.get(streamId);
  }

  // ---- what the streams tell ----

  void ready(SmuxStream stream) {
    if (stream.enlist(SmuxStream.IN_READY)) {
      ready.add(stream);
    }
  }

  /// Counts memory that a stream's unread bytes took, or gave back if negative.
  void hold(long bytes) {
    budget.hold(bytes);
    if (config.version() == 1) {
      stall.changed(budget.isExhausted(), Math.max(0, -bytes), nowNanos);
      timers.set(SmuxTimer.STALL, stall.deadlineNanos());
    }
  }

  /// Stamps what a stream's owner does next.
  void at(long nowNanos) {
    this.nowNanos = nowNanos;
  }

  /// Keeps the bound of version 2 after bytes came in.
  void afterBytes() {
    if (config.version() == 2) {
      makeRoom(StreamEnd.BUFFER_FULL);
    }
  }

  /// Cuts a stream off: its bytes are dropped both ways, its peer gets FIN, its owner an event.
  void cut(SmuxStream stream, SmuxCloseReason reason) {
    boolean owned = stream.state() != SmuxStreamState.LINGERING;
    stream.abandon();
    if (owned) {
      events.add(new SmuxEvent.StreamCut(stream, reason));
    }
  }

  void linger(SmuxStream stream, long nowNanos) {
    stream.setLingerDeadlineNanos(Deadlines.after(nowNanos, config.lingerNanos()));
    lingering.add(stream);
    if (!timers.isArmed(SmuxTimer.LINGER)) {
      timers.set(SmuxTimer.LINGER, stream.lingerDeadlineNanos());
    }
  }

  void forget(SmuxStream stream) {
    streams.remove(stream.id());
    lingering.remove(stream);
    if (stream.isOpenedByPeer()) {
      peerStreams--;
    }
  }

  private void makeRoom(StreamEnd reason) {
    while (budget.isExhausted()) {
      SmuxStream largest = largestHolder();
      if (largest == null) {
        return;
      }
      cut(largest, reason);
    }
  }

  private @Nullable SmuxStream largestHolder() {
    SmuxStream largest = null;
    for (SmuxStream stream : streams.values()) {
      if (largest == null || stream.heldInputBytes() > largest.heldInputBytes()) {
        largest = stream;
      }
    }
    return largest != null && largest.heldInputBytes() > 0 ? largest : null;
  }

  private SmuxStream[] allStreams() {
    return streams.values().toArray(new SmuxStream[0]);
  }

  FrameWriter writer() {
    return writer;
  }

  ReceiveBudget budget() {
    return budget;
  }

  ByteBufAllocator allocator() {
    return allocator;
  }
}
