package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import org.jspecify.annotations.Nullable;

/// One TCP connection (RFC 9293).
///
/// **Design.** [Sender] and [Receiver] hold the two directions. [Arrival] takes what comes,
/// [Expiry] does what is due and [Departure] builds what goes; all three work on this object, which
/// holds the state, the timers and what the owner sees.
///
/// **Owner.** The driver that was given the connection reads, writes and ends it, on the thread of
/// the stack. [TcpLayer#pollReady] hands the connection out when [#takeReadiness] has news. The
/// owner ends with [#close] or [#abort] in every case, also after the connection is over: what was
/// received and not read is kept until then.
///
/// **Bounds.** [TcpConfig].
public final class TcpConnection {

  /// The handshake is complete.
  public static final int CONNECTED = 1;

  /// There are bytes to read.
  public static final int READABLE = 2;

  /// There is room to write, after [#writableBytes] was too little.
  public static final int WRITABLE = 4;

  /// The peer has ended its stream; bytes before that may still wait.
  public static final int PEER_FINISHED = 8;

  /// The connection is over, see [#closeReason].
  public static final int CLOSED = 16;

  /// The peer has acknowledged all that was written and our end, and may still send itself.
  public static final int END_ACKNOWLEDGED = 32;

  /// Who will ask for news.
  private enum Owner {
    /// A listener or nobody: the handshake is not complete, or not accepted.
    NONE,
    DRIVER,
    /// Closed: what is left to do happens by itself.
    GONE
  }

  private final TcpShared shared;
  private final Flow flow;
  private final TcpTimer.Table timers = new TcpTimer.Table();
  private final int timestampOffset;
  private final Sender sender;
  private final Receiver receiver;
  private final Departure departure;
  private @Nullable TcpListener listener;
  private @Nullable Object attachment;
  private @Nullable TcpCloseReason closeReason;
  private TcpState state;
  private Owner owner = Owner.NONE;
  private int readiness;
  private boolean wantsWritable;
  private @Nullable KeepAlive keepAlive;
  private boolean softUnreachable;
  private final long openedNanos;
  private long heardNanos;
  private @Nullable ChallengeLimit challenges;

  // where the stack has this connection: in the heap of deadlines, and in which of its queues
  int heapIndex = -1;
  long heapNanos;
  byte queues;

  TcpConnection(TcpShared shared, Flow flow, TcpState state, long nowNanos) {
    this.shared = shared;
    this.flow = flow;
    this.state = state;
    TcpConfig config = shared.config();
    timestampOffset = shared.secrets().timestampOffset(flow);
    SegmentSize size = shared.segmentSize(flow, nowNanos);
    sender = new Sender(shared, timers, size);
    receiver = new Receiver(shared);
    departure = new Departure(this);
    setKeepAlive(config.keepAliveIdleNanos());
    openedNanos = nowNanos;
    heardNanos = nowNanos;
  }

  // ---- what the owner may do ----

  /// The owner's own object, to find its channel again.
  public void attach(@Nullable Object object) {
    attachment = object;
    if (owner == Owner.NONE) {
      owner = Owner.DRIVER;
      tell(0);
    }
  }

  public @Nullable Object attachment() {
    return attachment;
  }

  /// When its SYN came or went, or the acknowledgment of a SYN cookie came.
  public long openedNanos() {
    return openedNanos;
  }

  /// How many bytes [#write] takes now. When that is less than the owner wants, it is told when
  /// there is more.
  public int writableBytes() {
    boolean open = state.maySend() && !sender.queue().isFinQueued();
    int room = open ? sender.writableBytes() : 0;
    int bytes = (int) Math.min(room, shared.chunks().freeBytes());
    wantsWritable = bytes == 0;
    if (room > 0 && bytes == 0) {
      shared.queues().awaitMemory(this);
    }
    return bytes;
  }

  /// Takes bytes to send, at most [#writableBytes] of them, and owns the buffer.
  ///
  /// @throws IllegalStateException when the connection takes none, or not that many
  public void write(ByteBuf bytes) {
    try {
      int count = bytes.readableBytes();
      if (count > writableBytes() || !sender.write(bytes, count)) {
        throw new IllegalStateException("no room for " + count + " bytes in state " + state);
      }
    } finally {
      bytes.release();
    }
    shared.wake(this);
  }

  public int readableBytes() {
    return receiver.readableBytes();
  }

  /// The next bytes received, at most `maxBytes` and at most 8 KiB; null when there are none. The
  /// caller releases them.
  public @Nullable ByteBuf read(int maxBytes) {
    ByteBuf bytes = receiver.read(maxBytes);
    if (bytes != null && state.mayReceive()) {
      receiver.tune(sender.rtt(), shared.nowNanos());
      if (receiver.wantsUpdate()) {
        departure.acknowledge();
        shared.wake(this);
      }
    }
    return bytes;
  }

  /// Whether the peer has ended its stream.
  public boolean isPeerFinished() {
    return switch (state) {
      case CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT -> true;
      case CLOSED -> closeReason == TcpCloseReason.FINISHED;
      case SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 -> false;
    };
  }

  /// Ends our stream behind what was written; the peer's goes on.
  public void finish() {
    if (state == TcpState.SYN_RECEIVED || state.maySend()) {
      sender.finish();
      shared.wake(this);
    }
  }

  /// The owner is done: what was written is still sent and acknowledged, what comes is not wanted.
  ///
  /// With received bytes unread, or bytes that come later, the peer gets a reset, so that it knows
  /// that they were not read (RFC 9293 section 3.6.1, RFC 2525 section 2.17).
  public void close() {
    boolean unread = receiver.readableBytes() > 0;
    release();
    Closing.byOwner(this, unread);
  }

  private void release() {
    owner = Owner.GONE;
    attachment = null;
    receiver.clear();
  }

  /// Ends the connection at once with a reset; bytes not yet sent are dropped.
  public void abort() {
    release();
    if (state == TcpState.CLOSED || state == TcpState.TIME_WAIT) {
      return;
    }
    if (state != TcpState.SYN_SENT) {
      shared.sendReset(this);
    }
    end(TcpCloseReason.ABORTED);
  }

  /// Turns Nagle's algorithm off or on.
  public void setNoDelay(boolean noDelay) {
    sender.queue().setNoDelay(noDelay);
    shared.wake(this);
  }

  public boolean noDelay() {
    return sender.queue().noDelay();
  }

  /// How long the peer may be silent before it is asked whether it lives, 0 for never. The
  /// questions are those of [TcpConfig] until [#setKeepAliveProbes] says otherwise.
  public void setKeepAliveIdleNanos(long idleNanos) {
    setKeepAlive(idleNanos);
    if (state.isSynchronized() && state != TcpState.TIME_WAIT) {
      Expiry.startKeepAlive(this, shared.nowNanos());
      shared.rescheduled(this);
    }
  }

  private void setKeepAlive(long idleNanos) {
    keepAlive = idleNanos == 0 ? null : new KeepAlive(idleNanos, shared.config());
  }

  /// How long each question to a silent peer may go unanswered, and how many of them may; without
  /// effect while none are asked.
  public void setKeepAliveProbes(long intervalNanos, int probes) {
    if (keepAlive != null) {
      keepAlive.setProbes(intervalNanos, probes);
    }
  }

  public long keepAliveIdleNanos() {
    return keepAlive == null ? 0 : keepAlive.idleNanos();
  }

  /// How long data may stay unacknowledged before the connection is given up (RFC 5482).
  public void setUserTimeoutNanos(long nanos) {
    sender.setUserTimeoutNanos(nanos);
    if (state != TcpState.CLOSED && state != TcpState.TIME_WAIT) {
      shared.rescheduled(this);
    }
  }

  // ---- what the owner may ask ----

  public IpEndpoint local() {
    return flow.local();
  }

  public IpEndpoint remote() {
    return flow.remote();
  }

  public TcpState state() {
    return state;
  }

  /// Why the connection is over, null while it is not.
  public @Nullable TcpCloseReason closeReason() {
    return closeReason;
  }

  /// Returns what is new as a set of [#CONNECTED], [#READABLE] and the others, and forgets it.
  public int takeReadiness() {
    int taken = readiness;
    readiness = 0;
    return taken;
  }

  public TcpSnapshot snapshot() {
    return TcpSnapshot.of(this);
  }

  // ---- inside the stack ----

  TcpShared shared() {
    return shared;
  }

  Flow flow() {
    return flow;
  }

  Sender sender() {
    return sender;
  }

  Receiver receiver() {
    return receiver;
  }

  Departure departure() {
    return departure;
  }

  /// What our timestamps say at a time.
  int timestamp(long nowNanos) {
    return shared.clock().at(nowNanos) + timestampOffset;
  }

  /// Brings an echo of our timestamps back to the clock of the stack.
  int echoed(int tsEcr) {
    return tsEcr - timestampOffset;
  }

  TcpTimer.Table timers() {
    return timers;
  }

  @Nullable TcpListener listener() {
    return listener;
  }

  void setListener(@Nullable TcpListener value) {
    listener = value;
  }

  boolean isOrphan() {
    return owner == Owner.GONE;
  }

  void become(TcpState next) {
    state = next;
  }

  /// The handshake is complete.
  void established(long nowNanos) {
    become(TcpState.ESTABLISHED);
    timers.clear(TcpTimer.LIFETIME);
    Expiry.startKeepAlive(this, nowNanos);
    TcpListener by = listener;
    if (by != null) {
      listener = null;
      by.onEstablished(this);
    }
    tell(CONNECTED);
    if (sender.queue().isFinQueued()) {
      shared.wake(this);
    }
  }

  boolean isUnreachable() {
    return softUnreachable;
  }

  @Nullable KeepAlive keepAlive() {
    return keepAlive;
  }

  /// Adds news for the owner.
  void tell(int news) {
    readiness |= news;
    if (readiness != 0 && owner == Owner.DRIVER) {
      shared.queues().ready(this);
    }
  }

  /// Room was made in the send buffer.
  void tellWritable() {
    if (wantsWritable && state.maySend() && sender.writableBytes() > 0) {
      wantsWritable = false;
      tell(WRITABLE);
    }
  }

  /// Something came from the peer: it lives.
  void heard(long nowNanos) {
    heardNanos = nowNanos;
    if (keepAlive != null) {
      keepAlive.onHeard();
      Expiry.startKeepAlive(this, nowNanos);
    }
  }

  long silentNanos(long nowNanos) {
    return nowNanos - heardNanos;
  }

  boolean mayChallenge(long nowNanos) {
    if (challenges == null) {
      challenges = new ChallengeLimit();
    }
    return challenges.allows(nowNanos);
  }

  /// The connection is over.
  void end(TcpCloseReason reason) {
    if (state == TcpState.CLOSED) {
      return;
    }
    TcpListener by = listener;
    listener = null;
    if (by != null) {
      by.onHandshakeEnded(this);
    }
    boolean known = state != TcpState.TIME_WAIT;
    become(TcpState.CLOSED);
    closeReason = reason;
    timers.clearAll();
    sender.clear();
    if (known) {
      shared.remove(this);
    }
    tell(CLOSED);
  }

  /// Both sides have ended; a record in the table answers what still comes.
  void enterTimeWait(long nowNanos) {
    become(TcpState.TIME_WAIT);
    shared.keepInTimeWait(this, nowNanos);
    closeReason = TcpCloseReason.FINISHED;
    timers.clearAll();
    sender.clear();
    tell(CLOSED);
  }

  /// ICMP says that the destination cannot be reached: that ends an attempt, and says nothing about
  /// a connection that exists (RFC 5927 section 4).
  void onUnreachable(boolean hard) {
    if (state == TcpState.SYN_SENT && hard) {
      end(TcpCloseReason.UNREACHABLE);
    } else {
      softUnreachable = true;
    }
  }
}
