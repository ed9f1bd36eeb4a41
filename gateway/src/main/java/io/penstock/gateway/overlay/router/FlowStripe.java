package io.penstock.gateway.overlay.router;

import io.penstock.gateway.overlay.router.FlowTable.Opened;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// One stripe of the [FlowTable]: an open-addressing table in primitive arrays.
///
/// A slot holds five numbers of the key, when the flow expires, its state and who opened it. Linear
/// probing at a load of at most one half; a removal shifts what follows back, so there are no
/// tombstones. The arrays grow to the bound and stay; nothing else is ever allocated. All methods
/// hold the stripe's lock, and may be called from any thread.
///
/// ```
/// TCP:  opening ──answer──► open ──RST, or FIN of both──► closing ──SYN of the opener──► opening
/// ```
///
/// A TCP segment with SYN and without ACK asks for a connection. From the opener it belongs to the
/// flow. From the other end it is an answer only while the opener's own SYN has had none, when the
/// two cross each other (simultaneous open, RFC 9293 section 3.5); else it is an attempt of the
/// other end's own, of which the flow knows nothing. When a rule allows that, the flow is the other
/// end's from then on.
final class FlowStripe {

  private static final int KEY_WORDS = 5;
  private static final int INITIAL_SLOTS = 32;
  private static final int SLOTS_PER_SWEEP = 8;

  /// The opener is the second end of the key.
  private static final int OPENED_BY_SECOND = 1;

  private static final int ANSWERED = 2;
  private static final int FIN_OF_OPENER = 4;
  private static final int FIN_OF_OTHER = 8;
  private static final int RESET = 16;
  private static final int SYN_OF_OPENER = 32;

  private final int limit;
  private final int limitPerNode;
  private final FlowTimeouts timeouts;
  private long[] keys = new long[KEY_WORDS * INITIAL_SLOTS];
  private long[] expiresAtNanos = new long[INITIAL_SLOTS];
  private byte[] states = new byte[INITIAL_SLOTS];
  private int[] hashes = new int[INITIAL_SLOTS];
  private @Nullable FlowOwner[] owners = new FlowOwner[INITIAL_SLOTS];
  private int size;
  private int hand;

  FlowStripe(int limit, int limitPerNode, FlowTimeouts timeouts) {
    this.limit = limit;
    this.limitPerNode = limitPerNode;
    this.timeouts = timeouts;
  }

  synchronized boolean pass(FlowKey key, int hash, int tcpFlags, long nowNanos) {
    int slot = liveSlotOf(key, hash, nowNanos);
    return slot >= 0 && pass(slot, key, tcpFlags, nowNanos);
  }

  private boolean pass(int slot, FlowKey key, int tcpFlags, long nowNanos) {
    int before = states[slot];
    boolean byOpener = ((before & OPENED_BY_SECOND) != 0) == key.reversed;
    if (!byOpener && isAttempt(tcpFlags) && !awaitsAnswer(before)) {
      return false;
    }
    set(slot, key, next(before, byOpener, tcpFlags), nowNanos);
    return true;
  }

  private void set(int slot, FlowKey key, int state, long nowNanos) {
    states[slot] = (byte) state;
    expiresAtNanos[slot] = nowNanos + lifetime(key.protocol(), state);
  }

  synchronized boolean knows(FlowKey key, int hash, long nowNanos) {
    return liveSlotOf(key, hash, nowNanos) >= 0;
  }

  synchronized Opened open(FlowKey key, int hash, int tcpFlags, FlowOwner owner, long nowNanos) {
    int known = liveSlotOf(key, hash, nowNanos);
    if (known >= 0) {
      return pass(known, key, tcpFlags, nowNanos)
          ? Opened.YES
          : reopen(known, key, tcpFlags, owner, nowNanos);
    }
    sweep(nowNanos);
    if (size >= limit || owner.flows() >= limitPerNode) {
      return Opened.FULL;
    }
    if (2 * (size + 1) > owners.length) {
      grow();
    }
    int slot = slotOf(key, hash);
    int at = KEY_WORDS * slot;
    keys[at] = key.high1;
    keys[at + 1] = key.low1;
    keys[at + 2] = key.high2;
    keys[at + 3] = key.low2;
    keys[at + 4] = key.portsAndProtocol;
    hashes[slot] = hash;
    set(slot, key, opened(key, tcpFlags), nowNanos);
    owners[slot] = owner;
    owner.opened();
    size++;
    return Opened.YES;
  }

  /// The other end opens what is a flow already.
  private Opened reopen(int slot, FlowKey key, int tcpFlags, FlowOwner owner, long nowNanos) {
    if (owner.flows() >= limitPerNode) {
      return Opened.FULL;
    }
    FlowOwner before = owners[slot];
    if (before != null) {
      before.ended();
    }
    owners[slot] = owner;
    owner.opened();
    set(slot, key, opened(key, tcpFlags), nowNanos);
    return Opened.YES;
  }

  synchronized void forget(long high, long low) {
    int slot = 0;
    while (slot < owners.length) {
      int at = KEY_WORDS * slot;
      boolean hit =
          owners[slot] != null
              && ((keys[at] == high && keys[at + 1] == low)
                  || (keys[at + 2] == high && keys[at + 3] == low));
      if (hit) {
        // What moves here is looked at next; what moves over the end of the table already was.
        remove(slot);
      } else {
        slot++;
      }
    }
  }

  synchronized void clear() {
    for (int slot = 0; slot < owners.length; slot++) {
      FlowOwner owner = owners[slot];
      if (owner != null) {
        owner.ended();
        owners[slot] = null;
      }
    }
    size = 0;
  }

  synchronized int size() {
    return size;
  }

  private static int opened(FlowKey key, int tcpFlags) {
    return next(key.reversed ? OPENED_BY_SECOND : 0, true, tcpFlags);
  }

  /// Whether a segment asks for a connection; false for what is no TCP.
  private static boolean isAttempt(int tcpFlags) {
    return (tcpFlags & (TcpHeader.SYN | TcpHeader.ACK)) == TcpHeader.SYN;
  }

  /// Whether the opener has asked for a connection and the other end has said nothing to that.
  private static boolean awaitsAnswer(int state) {
    return (state & (SYN_OF_OPENER | ANSWERED)) == SYN_OF_OPENER && !isClosing(state);
  }

  private static int next(int state, boolean byOpener, int tcpFlags) {
    if (isAttempt(tcpFlags)) {
      if (!byOpener) {
        // It crosses the opener's and answers nothing, so the opener's may come to nothing too.
        return state;
      }
      // A new connection on the same ports, or the first packet sent again.
      return (isClosing(state) ? state & OPENED_BY_SECOND : state) | SYN_OF_OPENER;
    }
    int next = byOpener ? state : state | ANSWERED;
    if ((tcpFlags & TcpHeader.RST) != 0) {
      next |= RESET;
    }
    if ((tcpFlags & TcpHeader.FIN) != 0) {
      next |= byOpener ? FIN_OF_OPENER : FIN_OF_OTHER;
    }
    return next;
  }

  private static boolean isClosing(int state) {
    int both = FIN_OF_OPENER | FIN_OF_OTHER;
    return (state & RESET) != 0 || (state & both) == both;
  }

  private long lifetime(int protocol, int state) {
    return switch (protocol) {
      case IpProtocol.TCP -> {
        if (isClosing(state)) {
          yield timeouts.tcpClosingNanos();
        }
        yield (state & ANSWERED) != 0 ? timeouts.tcpOpenNanos() : timeouts.tcpOpeningNanos();
      }
      case IpProtocol.ICMP, IpProtocol.ICMPV6 -> timeouts.icmpNanos();
      default -> timeouts.udpNanos();
    };
  }

  private int liveSlotOf(FlowKey key, int hash, long nowNanos) {
    int slot = slotOf(key, hash);
    if (owners[slot] == null) {
      return -1;
    }
    if (expiresAtNanos[slot] - nowNanos <= 0) {
      remove(slot);
      return -1;
    }
    return slot;
  }

  private int slotOf(FlowKey key, int hash) {
    int mask = owners.length - 1;
    int slot = hash & mask;
    while (owners[slot] != null && !(hashes[slot] == hash && holds(slot, key))) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private boolean holds(int slot, FlowKey key) {
    int at = KEY_WORDS * slot;
    return keys[at] == key.high1
        && keys[at + 1] == key.low1
        && keys[at + 2] == key.high2
        && keys[at + 3] == key.low2
        && keys[at + 4] == key.portsAndProtocol;
  }

  /// Removes a few of the expired flows, going on where it stopped.
  private void sweep(long nowNanos) {
    for (int i = 0; i < SLOTS_PER_SWEEP; i++) {
      int slot = hand & (owners.length - 1);
      if (owners[slot] != null && expiresAtNanos[slot] - nowNanos <= 0) {
        remove(slot);
      } else {
        hand = slot + 1;
      }
    }
  }

  private void remove(int removed) {
    FlowOwner owner = owners[removed];
    if (owner != null) {
      owner.ended();
    }
    int mask = owners.length - 1;
    int free = removed;
    int slot = (free + 1) & mask;
    while (owners[slot] != null) {
      int home = hashes[slot] & mask;
      // The entry may move back unless its home lies behind the free slot.
      if (((slot - home) & mask) >= ((slot - free) & mask)) {
        move(slot, free);
        free = slot;
      }
      slot = (slot + 1) & mask;
    }
    owners[free] = null;
    size--;
  }

  private void move(int from, int to) {
    System.arraycopy(keys, KEY_WORDS * from, keys, KEY_WORDS * to, KEY_WORDS);
    expiresAtNanos[to] = expiresAtNanos[from];
    states[to] = states[from];
    hashes[to] = hashes[from];
    owners[to] = owners[from];
  }

  private void grow() {
    int old = owners.length;
    int slots = 2 * old;
    long[] oldKeys = keys;
    long[] oldExpiresAtNanos = expiresAtNanos;
    byte[] oldStates = states;
    int[] oldHashes = hashes;
    @Nullable FlowOwner[] oldOwners = owners;
    keys = new long[KEY_WORDS * slots];
    expiresAtNanos = new long[slots];
    states = new byte[slots];
    hashes = new int[slots];
    owners = new FlowOwner[slots];
    for (int from = 0; from < old; from++) {
      if (oldOwners[from] != null) {
        int to = oldHashes[from] & (slots - 1);
        while (owners[to] != null) {
          to = (to + 1) & (slots - 1);
        }
        System.arraycopy(oldKeys, KEY_WORDS * from, keys, KEY_WORDS * to, KEY_WORDS);
        expiresAtNanos[to] = oldExpiresAtNanos[from];
        states[to] = oldStates[from];
        hashes[to] = oldHashes[from];
        owners[to] = oldOwners[from];
      }
    }
  }
}
