package io.penstock.node.device;

import java.util.concurrent.atomic.AtomicLongArray;

/// The running figures of one peer: written by one thread, read by any.
final class PeerTally {

  private static final int RX_BYTES = 0;
  private static final int RX_PACKETS = 1;
  private static final int TX_BYTES = 2;
  private static final int TX_PACKETS = 3;

  private final AtomicLongArray figures = new AtomicLongArray(TX_PACKETS + 1);

  void received(int bytes) {
    add(RX_BYTES, bytes);
    add(RX_PACKETS, 1);
  }

  void sent(int bytes) {
    add(TX_BYTES, bytes);
    add(TX_PACKETS, 1);
  }

  private void add(int figure, int amount) {
    // There is one writer.
    figures.setOpaque(figure, figures.getPlain(figure) + amount);
  }

  PeerCounters counters() {
    return new PeerCounters(
        figures.getOpaque(RX_BYTES),
        figures.getOpaque(RX_PACKETS),
        figures.getOpaque(TX_BYTES),
        figures.getOpaque(TX_PACKETS));
  }
}
