package io.penstock.protocol.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.Engine;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One end of a KCP conversation: a reliable, ordered stream of bytes over datagrams.
///
/// **Design.** [Sender] chops the stream into numbered segments and repeats them until they are
/// acknowledged, [Receiver] orders the peer's, and this class packs segments and acknowledgements
/// into datagrams and keeps the timers. There is no handshake: a session works from its first
/// segment on. Nothing is sent and no timer runs while nothing is outstanding.
///
/// **When things are sent.** New data at once, as far as the windows allow. Acknowledgements with
/// the next datagram that goes out, at once when a datagram full of them waits, after the call that
/// received the segments with `ackNoDelay`, and after `interval` at the latest. A missing segment
/// when later ones have overtaken it, or after its timeout.
///
/// **The end.** KCP has no goodbye. [#close] goes on to deliver what was written, for `linger` at
/// most. A peer is dead when one segment went out `deadLinkTransmissions` times, or when nothing
/// came from it for `silence` while bytes waited for it. Then the session tells [KcpEvent.Ended]
/// once and holds nothing more.
///
/// **Bounds.** [KcpConfig#sendBufferBytes] and [KcpConfig#receiveBufferBytes] count buffers as they
/// are allocated, and a fixed price for each segment. [#confine] holds a peer that has proven
/// nothing to a few segments.
///
/// ```
///          close                 all acknowledged, linger over
///  OPEN ----------> LINGERING --------------------------------> ENDED
///    |                                                            ^
///    +------------------- dead peer, abort -----------------------+
/// ```
///
/// Driven by one thread. Times are nanoseconds of any monotonic clock.
public final class KcpSession implements Engine {

  private static final long MILLI = 1_000_000L;

  /// Deviates from kcp-go, where the distance of two probes grows to 120 s: a lost answer would
  /// stop the stream for as long.
  private static final long PROBE_FIRST_NANOS = 500 * MILLI;

  private static final long PROBE_MAX_NANOS = 10_000 * MILLI;

  private enum State {
    OPEN,
    LINGERING,
    ENDED
  }

  private final int conv;
  private final KcpConfig config;
  private final ByteBufAllocator allocator;
  private final RttEstimator rtt;
  private final Sender sender;
  private final Receiver receiver;
  private final long[] timers = new long[KcpTimer.COUNT];
  private final long startNanos;
  private final int firstTimestamp;

  private State state = State.OPEN;
  private @Nullable KcpEvent event;
  private boolean acksDue;
  private boolean askWindow;
  private boolean tellWindow;
  private int advertisedWindow;
  private long probeWaitNanos = PROBE_FIRST_NANOS;
  private boolean heardFromPeer;
  private long lastReceivedNanos;
  private long outstandingSinceNanos;
  private long rejectedDatagrams;

  /// Makes a session that starts now.
  ///
  /// @param conv the number of the conversation, which the end that opens it draws at random
  /// @param firstTimestamp what the session's clock of milliseconds starts from; a random number
  ///   makes the echo of a time a proof that the peer receives what we send ([#isReturnProven])
  /// @param allocator where segments and datagrams come from
  public KcpSession(
      int conv, KcpConfig config, int firstTimestamp, ByteBufAllocator allocator, long nowNanos) {
    this(conv, config, firstTimestamp, allocator, nowNanos, 0);
  }

  /// Makes a session whose segments start at `firstSn` in both directions.
  KcpSession(
      int conv,
      KcpConfig config,
      int firstTimestamp,
      ByteBufAllocator allocator,
      long nowNanos,
      int firstSn) {
    this.conv = conv;
    this.config = config;
    this.allocator = allocator;
    this.firstTimestamp = firstTimestamp;
    rtt = new RttEstimator(config);
    sender = new Sender(config, allocator, rtt, firstSn);
    receiver = new Receiver(config, allocator, firstSn);
    startNanos = nowNanos;
    lastReceivedNanos = nowNanos;
    advertisedWindow = receiver.window();
    Arrays.fill(timers, Deadlines.NONE);
  }

  // ---- input ----

  /// Takes one datagram of the peer and owns it.
  public KcpInput receive(ByteBuf datagram, long nowNanos) {
    KcpInput result;
    try {
      result = state == State.ENDED ? KcpInput.ENDED : apply(datagram, nowNanos);
    } finally {
      datagram.release();
    }
    if (result != KcpInput.ACCEPTED) {
      rejectedDatagrams++;
    }
    return result;
  }

  private KcpInput apply(ByteBuf in, long nowNanos) {
    if (in.readableBytes() < KcpHeader.BYTES) {
      return KcpInput.TOO_SHORT;
    }
    sender.startInput();
    KcpInput result = KcpInput.ACCEPTED;
    int newestEcho = 0;
    int echoes = 0;
    while (result == KcpInput.ACCEPTED && in.readableBytes() >= KcpHeader.BYTES) {
      int at = in.readerIndex();
      result = check(in, at);
      if (result == KcpInput.ACCEPTED) {
        if (KcpHeader.cmd(in, at) == KcpHeader.ACK) {
          int ts = KcpHeader.ts(in, at);
          newestEcho = echoes == 0 || ts - newestEcho > 0 ? ts : newestEcho;
          echoes++;
        }
        applySegment(in, at);
        lastReceivedNanos = nowNanos;
        heardFromPeer = true;
      }
    }
    if (echoes > 0) {
      rtt.sample(sinceTimestamp(newestEcho, nowNanos));
    }
    sender.endInput();
    scheduleAcks(nowNanos);
    updateTimers(nowNanos);
    return result;
  }

  private KcpInput check(ByteBuf in, int at) {
    if (KcpHeader.conv(in, at) != conv) {
      return KcpInput.CONV_MISMATCH;
    }
    if (KcpHeader.len(in, at) > in.readableBytes() - KcpHeader.BYTES) {
      return KcpInput.TRUNCATED;
    }
    return KcpHeader.isKnown(KcpHeader.cmd(in, at)) ? KcpInput.ACCEPTED : KcpInput.BAD_COMMAND;
  }

  private void applySegment(ByteBuf in, int at) {
    int cmd = KcpHeader.cmd(in, at);
    int sn = KcpHeader.sn(in, at);
    int ts = KcpHeader.ts(in, at);
    int length = (int) KcpHeader.len(in, at);
    in.skipBytes(KcpHeader.BYTES);
    int end = in.readerIndex() + length;
    sender.onRemoteWindow(KcpHeader.wnd(in, at));
    if (cmd == KcpHeader.ACK) {
      sender.onAck(sn, ts);
    }
    sender.onUna(KcpHeader.una(in, at));
    if (cmd == KcpHeader.PUSH && state == State.OPEN) {
      receiver.onPush(sn, ts, in, length);
    } else if (cmd == KcpHeader.WASK) {
      tellWindow = true;
    }
    in.readerIndex(end);
  }

  private void scheduleAcks(long nowNanos) {
    int pending = receiver.acks().size();
    if (pending == 0) {
      return;
    }
    if (config.ackNoDelay() || pending >= config.mtu() / KcpHeader.BYTES) {
      acksDue = true;
    } else if (timer(KcpTimer.ACK) == Deadlines.NONE) {
      set(KcpTimer.ACK, Deadlines.after(nowNanos, untilTickNanos(nowNanos)));
    }
  }

  /// The time to the next tick of the flush interval. KCP ticks all the time; we only reckon when a
  /// tick would come, so that an acknowledgement waits for half an interval on average, as there.
  private long untilTickNanos(long nowNanos) {
    long intervalNanos = config.intervalMillis() * MILLI;
    return intervalNanos - (nowNanos - startNanos) % intervalNanos;
  }

  // ---- commands ----

  /// Takes bytes to send, [#writableBytes] of them at most, and owns the buffer.
  ///
  /// @throws IllegalStateException if the session is closed or the bytes do not fit
  public void write(ByteBuf bytes, long nowNanos) {
    try {
      if (state != State.OPEN) {
        throw new IllegalStateException("the KCP session is closed");
      }
      if (bytes.readableBytes() > sender.writableBytes()) {
        throw new IllegalStateException(
            "the KCP session takes %d bytes, not %d"
                .formatted(sender.writableBytes(), bytes.readableBytes()));
      }
      if (sender.isEmpty()) {
        outstandingSinceNanos = nowNanos;
      }
      sender.write(bytes);
      updateTimers(nowNanos);
    } finally {
      bytes.release();
    }
  }

  /// Returns received bytes in order, at most `maxBytes`, or null when there are none.
  public @Nullable ByteBuf read(int maxBytes) {
    if (maxBytes <= 0) {
      throw new IllegalArgumentException("maxBytes is " + maxBytes + ", must be positive");
    }
    ByteBuf bytes = receiver.read(maxBytes);
    if (bytes != null && advertisedWindow == 0 && receiver.window() > 0) {
      tellWindow = true;
    }
    return bytes;
  }

  /// Ends the session for its user: takes and gives no more bytes, and ends when the peer has
  /// acknowledged what was written, or when `linger` is over.
  public void close(long nowNanos) {
    if (state != State.OPEN) {
      return;
    }
    state = State.LINGERING;
    acksDue = receiver.acks().size() > 0;
    if (!sender.isEmpty()) {
      set(KcpTimer.LINGER, Deadlines.after(nowNanos, config.lingerMillis() * MILLI));
    }
  }

  /// Ends the session at once and drops what it holds.
  public void abort(KcpCloseReason reason) {
    if (state != State.ENDED) {
      end(reason);
    }
  }

  /// Holds a peer that has proven nothing to `segments` in all, half of them in each direction.
  public void confine(int segments) {
    sender.limitTo(Math.max(1, segments / 2));
    receiver.limitTo(Math.max(1, segments / 2));
    advertisedWindow = receiver.window();
  }

  /// Gives the peer the windows of the config.
  public void liftConfinement() {
    sender.limitTo(Integer.MAX_VALUE);
    receiver.limitTo(config.rcvWnd());
    if (advertisedWindow == 0 && receiver.window() > 0) {
      tellWindow = true;
    }
  }

  // ---- time ----

  @Override
  public long nextDeadlineNanos() {
    if (state == State.ENDED) {
      return Deadlines.NONE;
    }
    long next = sender.deadlineNanos();
    for (long deadline : timers) {
      next = Deadlines.earlier(next, deadline);
    }
    return next;
  }

  @Override
  public void onDeadline(long nowNanos) {
    if (state == State.ENDED) {
      return;
    }
    if (Deadlines.isDue(sender.deadlineNanos(), nowNanos)) {
      sender.onDeadline();
    }
    if (take(KcpTimer.ACK, nowNanos)) {
      acksDue = true;
    }
    if (take(KcpTimer.PROBE, nowNanos)) {
      askWindow = true;
      probeWaitNanos = Math.min(probeWaitNanos + probeWaitNanos / 2, PROBE_MAX_NANOS);
    }
    if (take(KcpTimer.SILENCE, nowNanos) && Deadlines.isDue(silenceNanos(), nowNanos)) {
      end(sender.isEmpty() ? KcpCloseReason.CLOSED : KcpCloseReason.PEER_SILENT);
    } else if (take(KcpTimer.LINGER, nowNanos)) {
      end(KcpCloseReason.LINGER_EXPIRED);
    } else {
      updateTimers(nowNanos);
    }
  }

  private void updateTimers(long nowNanos) {
    if (sender.isEmpty()) {
      set(KcpTimer.SILENCE, Deadlines.NONE);
    } else if (timer(KcpTimer.SILENCE) == Deadlines.NONE) {
      set(KcpTimer.SILENCE, silenceNanos());
    }
    if (!sender.isWindowClosed()) {
      set(KcpTimer.PROBE, Deadlines.NONE);
      probeWaitNanos = PROBE_FIRST_NANOS;
    } else if (timer(KcpTimer.PROBE) == Deadlines.NONE) {
      set(KcpTimer.PROBE, Deadlines.after(nowNanos, probeWaitNanos));
    }
  }

  private long silenceNanos() {
    long since =
        lastReceivedNanos - outstandingSinceNanos > 0 ? lastReceivedNanos : outstandingSinceNanos;
    return Deadlines.after(since, config.silenceMillis() * MILLI);
  }

  // ---- output ----

  /// Returns the next datagram to send, which the caller then owns, or null when there is none.
  public @Nullable ByteBuf transmit(long nowNanos) {
    if (state == State.ENDED) {
      return null;
    }
    boolean control = acksDue || askWindow || tellWindow;
    if (!control && sender.next(nowNanos) == null) {
      if (state == State.LINGERING && sender.isEmpty()) {
        end(KcpCloseReason.CLOSED);
      }
      return null;
    }
    ByteBuf out = allocator.ioBuffer(config.mtu(), config.mtu());
    advertisedWindow = Math.min(receiver.window(), 0xffff);
    writeAcks(out);
    if (receiver.acks().size() == 0) {
      writeProbes(out, nowNanos);
      writeData(out, nowNanos);
    }
    if (out.isReadable()) {
      return out;
    }
    out.release();
    return null;
  }

  private void writeAcks(ByteBuf out) {
    AckList acks = receiver.acks();
    acks.compact(receiver.rcvNxt());
    int count = Math.min(acks.size(), config.mtu() / KcpHeader.BYTES);
    for (int i = 0; i < count; i++) {
      header(out, KcpHeader.ACK, acks.ts(i), acks.sn(i), 0);
    }
    acks.removeFirst(count);
    acksDue = acks.size() > 0;
    if (!acksDue) {
      set(KcpTimer.ACK, Deadlines.NONE);
    }
  }

  private void writeProbes(ByteBuf out, long nowNanos) {
    if (askWindow && out.writableBytes() >= KcpHeader.BYTES) {
      header(out, KcpHeader.WASK, timestamp(nowNanos), 0, 0);
      askWindow = false;
    }
    if (tellWindow && out.writableBytes() >= KcpHeader.BYTES) {
      header(out, KcpHeader.WINS, timestamp(nowNanos), 0, 0);
      tellWindow = false;
    }
  }

  private void writeData(ByteBuf out, long nowNanos) {
    int ts = timestamp(nowNanos);
    for (OutSegment s = sender.next(nowNanos); s != null; s = sender.next(nowNanos)) {
      ByteBuf data = s.data;
      if (data == null || out.writableBytes() < KcpHeader.BYTES + data.readableBytes()) {
        return;
      }
      if (s.transmissions >= config.deadLinkTransmissions()) {
        end(KcpCloseReason.DEAD_LINK);
        return;
      }
      sender.sent(s, ts, nowNanos);
      header(out, KcpHeader.PUSH, ts, s.sn, data.readableBytes());
      out.writeBytes(data, data.readerIndex(), data.readableBytes());
    }
  }

  private void header(ByteBuf out, int cmd, int ts, int sn, int length) {
    KcpHeader.write(out, conv, cmd, advertisedWindow, ts, sn, receiver.rcvNxt(), length);
  }

  private int timestamp(long nowNanos) {
    return firstTimestamp + (int) ((nowNanos - startNanos) / MILLI);
  }

  /// The time since a timestamp of ours; negative if it lies in the future.
  private long sinceTimestamp(int ts, long nowNanos) {
    long subMilli = (nowNanos - startNanos) % MILLI;
    return (timestamp(nowNanos) - ts) * MILLI + subMilli;
  }

  // ---- events and queries ----

  /// Returns the next event, or null.
  public @Nullable KcpEvent pollEvent() {
    KcpEvent next = event;
    event = null;
    return next;
  }

  public int conv() {
    return conv;
  }

  /// How many bytes [#write] takes now.
  public int writableBytes() {
    return state == State.OPEN ? sender.writableBytes() : 0;
  }

  /// How many bytes [#read] has to give.
  public int readableBytes() {
    return receiver.readableBytes();
  }

  /// What the session holds, as it counts against the bounds.
  public int heldBytes() {
    return sender.heldBytes() + receiver.heldBytes();
  }

  /// Whether everything that was written has been acknowledged.
  public boolean isAcknowledged() {
    return sender.isEmpty();
  }

  /// Whether the peer has echoed the time of a segment of ours, which it can only have received.
  public boolean isReturnProven() {
    return sender.timestampEchoed();
  }

  /// Whether any segment of this conversation has come.
  public boolean heardFromPeer() {
    return heardFromPeer;
  }

  /// The smoothed round-trip time, 0 before the first measurement.
  public long smoothedRttNanos() {
    return rtt.srttNanos();
  }

  /// How many segments were sent again.
  public long retransmittedSegments() {
    return sender.retransmissions();
  }

  /// How many datagrams were refused, whole or from some segment on.
  public long rejectedDatagrams() {
    return rejectedDatagrams;
  }

  // ---- private ----

  private void end(KcpCloseReason reason) {
    state = State.ENDED;
    sender.release();
    receiver.release();
    Arrays.fill(timers, Deadlines.NONE);
    event = new KcpEvent.Ended(reason);
  }

  private long timer(KcpTimer timer) {
    return timers[timer.slot()];
  }

  private void set(KcpTimer timer, long deadlineNanos) {
    timers[timer.slot()] = deadlineNanos;
  }

  private boolean take(KcpTimer timer, long nowNanos) {
    boolean due = Deadlines.isDue(timer(timer), nowNanos);
    if (due) {
      set(timer, Deadlines.NONE);
    }
    return due;
  }
}
