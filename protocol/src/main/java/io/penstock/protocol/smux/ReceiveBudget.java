package io.penstock.protocol.smux;

/// What all streams of a session together may hold unread, and the windows that follow from it.
///
/// In version 1 this is the bucket of the original: when it is full, the connection is not read. In
/// version 2 it is a hard bound on memory that the windows are made to stay away from. Every stream
/// has the protocol's initial window; whatever is granted beyond it is taken from a pool of half
/// the budget, and one stream gets at most half of what is left in it. So a few busy streams get
/// large windows, a thousand get the initial one, and the large windows alone can never fill the
/// buffer.
///
/// Deviates from the original: it adds up payload lengths, we add up memory; its window is fixed.
final class ReceiveBudget {

  /// The window that either end of version 2 assumes before the first update.
  static final int INITIAL_WINDOW_BYTES = 262_144;

  private final long limitBytes;
  private final int maxWindowBytes;
  private long heldBytes;
  private long grantedBytes;

  ReceiveBudget(SmuxConfig config) {
    this.limitBytes = config.maxReceiveBufferBytes();
    this.maxWindowBytes = config.maxStreamBufferBytes();
  }

  /// Counts memory that a stream took, or gave back if negative.
  void hold(long bytes) {
    heldBytes += bytes;
  }

  long heldBytes() {
    return heldBytes;
  }

  boolean isExhausted() {
    return heldBytes >= limitBytes;
  }

  /// Returns the window for a stream whose own grant has been returned.
  int window() {
    if (maxWindowBytes <= INITIAL_WINDOW_BYTES) {
      return maxWindowBytes;
    }
    long left = Math.max(0, limitBytes / 2 - grantedBytes);
    return (int) Math.min(maxWindowBytes, INITIAL_WINDOW_BYTES + left / 2);
  }

  /// Counts credit beyond the initial window that a stream got, or returned if negative.
  void grant(long bytes) {
    grantedBytes += bytes;
  }
}
