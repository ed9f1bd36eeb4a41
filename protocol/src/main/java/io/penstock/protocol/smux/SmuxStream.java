package io.penstock.protocol.smux;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.smux.SmuxCloseReason.StreamEnd;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// One stream of a session: an ordered flow of bytes each way, each ended by a FIN.
///
/// Received bytes wait here until [#read] takes them, which is what opens the peer's window;
/// written bytes wait here until the session sends them. A stream never says more than FIN to its
/// peer: `shutdownOutput` and `close` differ only on this side, in what becomes of bytes that still
/// come.
///
/// Commands are called by the driver on the thread of the session, and what they change goes out
/// with the session's next `transmit`.
public final class SmuxStream {

  static final int IN_CONTROL = 1;
  static final int IN_DATA = 2;
  static final int IN_READY = 4;

  private final SmuxSession session;
  private final int id;
  private final boolean openedByPeer;
  private final ByteQueue input;
  private final ByteQueue output;
  private SmuxStreamState state = SmuxStreamState.OPEN;
  private int lists;
  private boolean synDue;
  private @Nullable Object attachment;
  private long lingerDeadlineNanos;

  // Version 2, receiving; counts of bytes since the stream was opened.
  private long receivedBytes;
  private long consumedBytes;
  private long receiveLimitBytes = ReceiveBudget.INITIAL_WINDOW_BYTES;
  private long updateAtBytes;
  private long grantedBytes;

  // Version 2, sending.
  private long sentBytes;
  private int peerConsumed;
  private long peerWindowBytes = ReceiveBudget.INITIAL_WINDOW_BYTES;

  SmuxStream(SmuxSession session, int id, boolean openedByPeer) {
    this.session = session;
    this.id = id;
    this.openedByPeer = openedByPeer;
    this.synDue = !openedByPeer;
    this.input = new ByteQueue(session.allocator());
    this.output = new ByteQueue(session.allocator());
  }

  // ---- commands ----

  /// Writes bytes after those written before; the stream takes the buffer.
  ///
  /// The driver asks [#writableBytes] first; what exceeds it is taken all the same.
  ///
  /// @throws IllegalStateException if the output was shut down or the stream closed
  public void write(ByteBuf bytes) {
    try {
      if (!state.acceptsWrites()) {
        throw new IllegalStateException("stream " + id + " is " + state + " and not writable");
      }
      if (bytes.isReadable()) {
        output.add(bytes, bytes.readableBytes());
        session.writer().offerData(this);
      }
    } finally {
      bytes.release();
    }
  }

  /// Takes up to `maxBytes` of the received bytes, at least one; null when none wait. The caller
  /// owns the buffer.
  public @Nullable ByteBuf read(int maxBytes, long nowNanos) {
    session.at(nowNanos);
    long heldBefore = input.heldBytes();
    ByteBuf bytes = input.take(maxBytes);
    if (bytes == null) {
      return null;
    }
    session.hold(input.heldBytes() - heldBefore);
    consumedBytes += bytes.readableBytes();
    if (isUpdateDue()) {
      session.writer().offerControl(this);
    }
    return bytes;
  }

  /// Sends FIN after what was written; the peer may go on writing. Harmless when repeated.
  public void shutdownOutput() {
    transition(state.afterShutdownOutput());
    offerIfSendable();
  }

  /// Sends what was written and FIN, and drops what is unread and what still comes. Every stream is
  /// closed by its owner, also when both sides have finished.
  ///
  /// Bytes that the peer does not take within the linger time are dropped, then FIN is sent without
  /// them. Harmless when repeated.
  public void close(long nowNanos) {
    if (state == SmuxStreamState.LINGERING) {
      return;
    }
    session.at(nowNanos);
    transition(state.afterClose());
    dropInput();
    if (state == SmuxStreamState.LINGERING && output.readableBytes() > 0) {
      session.linger(this, nowNanos);
    }
    offerIfSendable();
  }

  /// Keeps an object of the driver's with the stream.
  public void attach(Object attachment) {
    this.attachment = attachment;
  }

  // ---- queries ----

  /// The id, an unsigned number of 32 bits.
  public int id() {
    return id;
  }

  public SmuxStreamState state() {
    return state;
  }

  /// What the driver has attached, null before that.
  public @Nullable Object attachment() {
    return attachment;
  }

  /// How many bytes the stream takes before it is full; 0 when it is full or not writable.
  public int writableBytes() {
    if (!state.acceptsWrites()) {
      return 0;
    }
    return (int) Math.max(0, session.config().maxStreamOutputBytes() - output.heldBytes());
  }

  /// How many written bytes wait to be sent: for their turn, or for the peer to take them.
  public int unsentBytes() {
    return output.readableBytes();
  }

  /// How many received bytes wait to be read.
  public int readableBytes() {
    return input.readableBytes();
  }

  /// Whether the peer's FIN has come; bytes before it may still wait to be read.
  public boolean isPeerFinished() {
    return state.peerHasFinished();
  }

  // ---- input, called by the session and its reader ----

  /// Whether the peer may send a frame of `length` bytes, with one frame of tolerance.
  boolean admits(int length) {
    receivedBytes += length;
    return receivedBytes <= receiveLimitBytes + SmuxFrame.MAX_PAYLOAD_BYTES;
  }

  void onBytes(ByteBuf in, int length) {
    long heldBefore = input.heldBytes();
    input.add(in, length);
    session.hold(input.heldBytes() - heldBefore);
    session.ready(this);
    session.afterBytes();
  }

  void onPeerFin() {
    if (state.takesInput()) {
      transition(state.afterPeerFin());
      returnGrant();
      session.ready(this);
    }
  }

  void onUpdate(int consumed, long windowBytes) {
    if (state == SmuxStreamState.CLOSED) {
      return;
    }
    if ((int) sentBytes - consumed < 0) {
      session.cut(this, StreamEnd.CONSUMED_OVERRUN);
      return;
    }
    peerConsumed = consumed;
    // A window above this could not be told from a negative one when it is all in flight.
    peerWindowBytes = Math.min(windowBytes, Integer.MAX_VALUE);
    offerIfSendable();
  }

  // ---- output, called by the writer ----

  boolean takeSynDue() {
    boolean due = synDue;
    synDue = false;
    return due;
  }

  boolean isUpdateDue() {
    return session.config().version() == 2
        && state.takesInput()
        && consumedBytes > 0
        && consumedBytes >= updateAtBytes;
  }

  /// Writes the body of a window update and counts what it promises.
  void writeUpdate(ByteBuf out) {
    returnGrant();
    int window = session.budget().window();
    receiveLimitBytes = Math.max(receiveLimitBytes, consumedBytes + window);
    grantedBytes =
        Math.max(0, receiveLimitBytes - consumedBytes - ReceiveBudget.INITIAL_WINDOW_BYTES);
    session.budget().grant(grantedBytes);
    updateAtBytes = consumedBytes + Math.max(1, window / 2);
    out.writeIntLE((int) consumedBytes);
    out.writeIntLE(window);
  }

  /// How large the next frame may be; 0 when nothing waits or the peer's window is shut.
  int sendableBytes() {
    int length = Math.min(output.readableBytes(), session.config().maxFrameBytes());
    if (session.config().version() == 1) {
      return length;
    }
    int inFlight = (int) sentBytes - peerConsumed;
    return Math.clamp(peerWindowBytes - inFlight, 0, length);
  }

  void sendInto(ByteBuf out, int length) {
    long heldBefore = output.heldBytes();
    output.copyTo(out, length);
    onSent(length, heldBefore);
  }

  void sendAsPieces(ArrayDeque<ByteBuf> pieces, int length) {
    long heldBefore = output.heldBytes();
    int left = length;
    while (left > 0) {
      ByteBuf piece = output.take(left);
      if (piece == null) {
        throw new IllegalStateException("a frame was begun with more than there is");
      }
      left -= piece.readableBytes();
      pieces.add(piece);
    }
    onSent(length, heldBefore);
  }

  private void onSent(int length, long heldBefore) {
    sentBytes += length;
    long resumeAt = session.config().maxStreamOutputBytes() / 2;
    if (heldBefore > resumeAt && output.heldBytes() <= resumeAt && state.acceptsWrites()) {
      session.ready(this);
    }
  }

  boolean isFinDue() {
    return state.owesFin() && output.readableBytes() == 0;
  }

  void onFinSent() {
    transition(state.afterFinSent());
  }

  // ---- bookkeeping of the session ----

  /// Puts the stream on a list; false if it is on it already.
  boolean enlist(int list) {
    boolean added = (lists & list) == 0;
    lists |= list;
    return added;
  }

  void delist(int list) {
    lists &= ~list;
  }

  boolean isOpenedByPeer() {
    return openedByPeer;
  }

  long heldInputBytes() {
    return input.heldBytes();
  }

  long lingerDeadlineNanos() {
    return lingerDeadlineNanos;
  }

  void setLingerDeadlineNanos(long deadlineNanos) {
    lingerDeadlineNanos = deadlineNanos;
  }

  /// Drops what was written and received; FIN is still sent if it is owed.
  void abandon() {
    transition(state.afterClose());
    dropInput();
    dropOutput();
  }

  /// Forgets the stream because its session has ended.
  void end() {
    if (state != SmuxStreamState.CLOSED) {
      transition(SmuxStreamState.CLOSED);
    }
  }

  void dropOutput() {
    output.releaseAll();
    offerIfSendable();
  }

  private void dropInput() {
    session.hold(-input.heldBytes());
    input.releaseAll();
    returnGrant();
  }

  private void returnGrant() {
    session.budget().grant(-grantedBytes);
    grantedBytes = 0;
  }

  private void offerIfSendable() {
    if (sendableBytes() > 0 || isFinDue()) {
      session.writer().offerData(this);
    }
  }

  private void transition(SmuxStreamState to) {
    if (state == to) {
      return;
    }
    state = to;
    if (to == SmuxStreamState.CLOSED) {
      dropInput();
      output.releaseAll();
      session.forget(this);
    }
  }
}
