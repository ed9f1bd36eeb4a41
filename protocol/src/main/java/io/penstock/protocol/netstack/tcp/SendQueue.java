package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;

/// What the owner has written and the peer has not acknowledged, and where it lies in sequence
/// space.
///
/// ```
///        dataStart          sndNxt            dataEnd
///   SYN |  sent, in flight  |  waits to go out  |  FIN
/// ```
final class SendQueue {

  private enum Fin {
    NONE,
    /// The owner has written its last byte.
    QUEUED,
    SENT
  }

  private final ByteChunks bytes;
  private int dataStart;
  private int sndNxt;

  /// Where the last segment ends that was not full.
  private int smallEnd;

  private Fin fin = Fin.NONE;
  private boolean noDelay;
  private boolean pushNow;

  SendQueue(ByteChunks bytes, boolean noDelay) {
    this.bytes = bytes;
    this.noDelay = noDelay;
  }

  // ---- the handshake ----

  void start(int initialSequenceNumber) {
    sndNxt = initialSequenceNumber;
    dataStart = initialSequenceNumber + 1;
  }

  void onSynSent() {
    sndNxt = dataStart;
  }

  void onEstablished() {
    smallEnd = dataStart;
  }

  // ---- the owner ----

  boolean write(ByteBuf source, int count) {
    return bytes.append(source, count);
  }

  void finish() {
    if (fin == Fin.NONE) {
      fin = Fin.QUEUED;
    }
  }

  void setNoDelay(boolean value) {
    noDelay = value;
  }

  boolean noDelay() {
    return noDelay;
  }

  // ---- where things are ----

  /// The sequence number of the first byte that is kept.
  int dataStart() {
    return dataStart;
  }

  /// Behind the last byte that the owner has written.
  int dataEnd() {
    return dataStart + bytes.length();
  }

  int sndNxt() {
    return sndNxt;
  }

  int lengthBytes() {
    return bytes.length();
  }

  int unsentBytes() {
    return fin == Fin.SENT ? 0 : dataEnd() - sndNxt;
  }

  boolean isFinQueued() {
    return fin != Fin.NONE;
  }

  boolean isFinSent() {
    return fin == Fin.SENT;
  }

  // ---- what may go out ----

  /// Nagle's algorithm as Minshall has it: a small segment waits for the acknowledgment of the last
  /// small one, and not for that of full ones.
  ///
  /// @param unsent how many bytes wait, of which these are the first
  boolean nagleHolds(int segmentBytes, int unsent, int sndUna) {
    return !noDelay
        && !pushNow
        && !(fin != Fin.NONE && segmentBytes == unsent)
        && SequenceNumber.isAfter(smallEnd, sndUna);
  }

  /// Lets the next segment go whatever is saved by waiting.
  void push() {
    pushNow = true;
  }

  boolean isPushed() {
    return pushNow;
  }

  /// Whether the FIN may go out with the next `count` bytes: behind the last byte, whatever the
  /// window.
  boolean mayFinishWith(int count) {
    return fin == Fin.QUEUED && unsentBytes() == count;
  }

  // ---- what went out and arrived ----

  void onSent(int count) {
    sndNxt += count;
  }

  /// The last segment of what may go out now has been built.
  void onLastSent(int count, boolean small, boolean withFin) {
    sndNxt += count;
    if (count > 0 && small) {
      smallEnd = sndNxt;
    }
    if (withFin) {
      fin = Fin.SENT;
      sndNxt++;
    }
    pushNow = false;
  }

  /// Drops what is acknowledged.
  void discardBefore(int ack) {
    int count = SequenceNumber.earlier(ack, dataEnd()) - dataStart;
    if (count > 0) {
      bytes.discard(count);
      dataStart += count;
    }
  }

  /// Appends bytes to `out` that begin at a sequence number.
  void copyTo(int sequenceNumber, int count, ByteBuf out) {
    bytes.copyTo(sequenceNumber - dataStart, count, out);
  }

  void clear() {
    bytes.clear();
  }
}
