package io.penstock.gateway.overlay.router;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Whoever puts packets into queues and takes a share of them: a tunnel, or the router itself on
/// one of its loops. Belongs to the loop on which it sends.
final class Sender {

  /// The packets of one sender that are on their way to one other loop.
  ///
  /// The sender's loop counts up, the other loop counts down; neither waits for the other.
  static final class Crossing {

    private final AtomicLong arrived = new AtomicLong();
    private long departed;

    void depart() {
      departed++;
    }

    void arrive() {
      arrived.setRelease(arrived.getPlain() + 1);
    }

    long underway() {
      return departed - arrived.getAcquire();
    }
  }

  private static final int MIX = 0x9e37_79b1;

  private final int hash;
  private @Nullable Crossing[] crossings = new Crossing[0];

  /// A sender; `number` differs from that of every other.
  Sender(int number) {
    hash = number * MIX;
  }

  /// A well-mixed number that tells it from most others.
  int hash() {
    return hash;
  }

  /// Its packets on the way to the loop with this number; only the sender's own loop may ask.
  Crossing crossingTo(int loop) {
    if (loop >= crossings.length) {
      crossings = Arrays.copyOf(crossings, loop + 1);
    }
    Crossing crossing = crossings[loop];
    if (crossing == null) {
      crossing = new Crossing();
      crossings[loop] = crossing;
    }
    return crossing;
  }
}
