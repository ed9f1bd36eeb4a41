package io.penstock.protocol.netstack.tcp;

/// What the peer takes: its window as last told, and whether a byte beyond it is out to ask again
/// (RFC 9293 section 3.8.6).
final class SendWindow {

  private int bytes;
  private int largest;
  private int updateSeq;
  private int updateAck;
  private byte shift;
  private boolean probeOut;

  /// What the peer's windows are to be multiplied by, as a power of two.
  void scale(int windowShift) {
    shift = (byte) windowShift;
  }

  /// The first window.
  void start(InSegment segment, boolean scaled) {
    bytes = segment.window << (scaled ? shift : 0);
    largest = bytes;
    updateSeq = segment.seq;
    updateAck = segment.ack;
  }

  /// Takes the window of a segment if it is newer than the last (section 3.10.7.4).
  ///
  /// Deviates from that section: a segment that acknowledges more than any before was sent after
  /// them, whatever its sequence number. What the peer sends again has a low one, and with the old
  /// window behind a new acknowledgment more would be sent than the peer has room for.
  ///
  /// @return whether it has grown
  boolean update(InSegment segment, int sndUna) {
    boolean newer =
        SequenceNumber.isAfter(segment.ack, sndUna)
            || SequenceNumber.isBefore(updateSeq, segment.seq)
            || (updateSeq == segment.seq && SequenceNumber.isAtOrBefore(updateAck, segment.ack));
    if (!newer) {
      return false;
    }
    int told = segment.window << shift;
    boolean grown = told > bytes;
    bytes = told;
    largest = Math.max(largest, told);
    updateSeq = segment.seq;
    updateAck = segment.ack;
    return grown;
  }

  int bytes() {
    return bytes;
  }

  /// The widest window that the peer ever had.
  int largestBytes() {
    return largest;
  }

  /// How many bytes it has room for behind those that were sent.
  int room(int sndUna, int sndNxt) {
    return sndUna + bytes - sndNxt;
  }

  /// Silly-window avoidance (section 3.8.6.2.1).
  boolean isWorthUsing(int room, int unsent, int mss) {
    return room > 0 && (room >= Math.min(unsent, mss) || room >= largest / 2);
  }

  boolean isProbeOut() {
    return probeOut;
  }

  void setProbeOut(boolean value) {
    probeOut = value;
  }
}
