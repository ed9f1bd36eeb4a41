package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.icmp.IcmpError;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// A tunnel that is attached to the router: packets from it go in here, packets for it wait here.
///
/// [#receive] is called on the tunnel's event loop, everything else from any thread. A tunnel whose
/// addresses a newer one has taken over is no longer current: what it brings is dropped, and its
/// [#detach] touches nothing of the newer one.
public final class Attached {

  static final int RECEIVED_PACKETS = 0;
  static final int RECEIVED_BYTES = 1;
  static final int REFUSED_PACKETS = 2;
  static final int SENT_PACKETS = 3;
  static final int SENT_BYTES = 4;
  private static final int QUEUED_BYTES = 5;
  private static final int COUNTERS = 6;

  private final Router router;
  private final NodeTunnel node;
  private final RouterLoop loop;
  private final Sender sender;
  private final TunnelQueue queue;
  private final IcmpBudget icmpBudget;
  private final AtomicLongArray counters = new AtomicLongArray(COUNTERS);
  private volatile PolicySubject subject;
  private volatile boolean current = true;
  private volatile int mtuBytes;
  private @Nullable FragmentMemory fragments;
  private @Nullable ByteBuf waitingForRoom;
  private boolean portListens;
  private boolean portClosed;

  /// The next of the loop's tunnels that have something to send, and whether this is one of them.
  @Nullable Attached nextBusy;

  boolean busy;

  /// How many addresses lead here; under the router's lock.
  int routes;

  Attached(
      Router router, NodeTunnel node, RouterLoop loop, PolicySubject subject, IcmpBudget budget) {
    this.router = router;
    this.node = node;
    this.loop = loop;
    this.subject = subject;
    this.icmpBudget = budget;
    this.sender = router.newSender();
    this.queue = new TunnelQueue(loop.memory());
    this.mtuBytes = Integer.MAX_VALUE;
  }

  /// Takes one packet that came out of the tunnel: exactly one IP packet, in a buffer that nobody
  /// else looks at, because its header is changed in place.
  public void receive(ByteBuf packet) {
    assert node.port().inLoop() : "a packet is received on its tunnel's event loop";
    loop.forwarder().forward(this, packet);
  }

  /// Gives the tunnel other addresses: those it had and does not keep go on hold.
  ///
  /// An address whose lease has a newer generation stays with whoever has it.
  public void reassign(List<LeasedAddress> addresses) {
    router.reassign(this, addresses);
  }

  /// Ends the tunnel: its addresses go on hold, as far as they are still its own, and what waits
  /// for it is dropped. Calling it again does nothing.
  public void detach() {
    router.detach(this);
  }

  // For a service of the gateway itself, on its loop: what becomes of the packets that it is sent.

  /// Drops a packet and counts why.
  public void drop(ByteBuf packet, DropReason reason) {
    loop.counters().drop(packet, reason);
  }

  /// Drops a packet, counts why, and tells its source within the limits of the router.
  public void reject(ByteBuf packet, IcmpError error, DropReason reason) {
    loop.forwarder().reject(packet, error, reason);
  }

  /// Says whether the tunnel is attached and has not been taken over as a whole.
  public boolean isCurrent() {
    return current;
  }

  /// What the router has done for this tunnel.
  public TunnelReport report() {
    return new TunnelReport(
        counters.getOpaque(RECEIVED_PACKETS),
        counters.getOpaque(RECEIVED_BYTES),
        counters.getOpaque(REFUSED_PACKETS),
        counters.getOpaque(SENT_PACKETS),
        counters.getOpaque(SENT_BYTES),
        counters.getOpaque(QUEUED_BYTES));
  }

  UUID nodeId() {
    return node.nodeId();
  }

  RouterLoop loop() {
    return loop;
  }

  Sender sender() {
    return sender;
  }

  IcmpBudget icmpBudget() {
    return icmpBudget;
  }

  PolicySubject subject() {
    return subject;
  }

  void adopt(OverlayPolicy policy) {
    subject = policy.subject(node.nodeName(), node.user());
  }

  /// Says whether the gateway itself is at the other end.
  boolean isService() {
    return node.kind() == NodeTunnel.Kind.SERVICE;
  }

  /// Says whether nodes talk without any rule: they are one user's, or one is the gateway's own.
  boolean isFreeToReach(Attached other) {
    return isService() || other.isService() || node.user().equals(other.node.user());
  }

  void supersede() {
    current = false;
  }

  /// Tells the port that no address leads here any more; on the loop.
  void tellDisplaced() {
    node.port().displaced();
  }

  /// The largest packet for this tunnel as it was last seen; the true one is known on its loop.
  int mtuBytes() {
    return mtuBytes;
  }

  /// Looks at the largest packet again; on the loop.
  int refreshMtu() {
    int now = node.port().maxPayloadBytes();
    if (now != mtuBytes) {
      mtuBytes = now;
    }
    return now;
  }

  FragmentMemory fragments() {
    FragmentMemory memory = fragments;
    if (memory == null) {
      memory = new FragmentMemory();
      fragments = memory;
    }
    return memory;
  }

  /// Counts on the loop.
  void count(int counter, long amount) {
    counters.setOpaque(counter, counters.getPlain(counter) + amount);
  }

  /// Puts a packet into the queue; on the loop.
  void enqueue(Sender from, int flowHash, ByteBuf packet, long nowNanos) {
    if (!current || portClosed) {
      loop.counters().drop(packet, current ? DropReason.PORT_CLOSED : DropReason.DETACHED);
      return;
    }
    queue.offer(from, flowHash, packet, nowNanos);
  }

  /// Sends what waits while the port has room; on the loop.
  void drain(long nowNanos) {
    if (!current) {
      abandon(DropReason.DETACHED);
      return;
    }
    TunnelPort port = node.port();
    if (!portListens) {
      portListens = true;
      port.onRoom(() -> loop.hasWork(this));
    }
    boolean sent = false;
    boolean open = true;
    while (open) {
      ByteBuf packet = waitingForRoom == null ? queue.poll(nowNanos) : waitingForRoom;
      waitingForRoom = null;
      if (packet == null) {
        break;
      }
      int bytes = packet.readableBytes();
      int mtu = refreshMtu();
      if (bytes > mtu) {
        loop.forwarder().tooBig(packet, mtu, nowNanos);
        continue;
      }
      switch (port.send(packet)) {
        case SENT -> {
          sent = true;
          countSent(bytes);
        }
        case FULL -> {
          waitingForRoom = packet;
          open = false;
        }
        case TOO_BIG -> loop.counters().dropped(DropReason.TOO_BIG);
        case CLOSED -> {
          loop.counters().dropped(DropReason.PORT_CLOSED);
          portClosed = true;
          abandon(DropReason.PORT_CLOSED);
          open = false;
        }
      }
    }
    counters.setOpaque(QUEUED_BYTES, queue.bytes());
    if (sent) {
      port.flush();
    }
  }

  private void countSent(int bytes) {
    count(SENT_PACKETS, 1);
    count(SENT_BYTES, bytes);
    loop.counters().add(LoopCounters.SENT_PACKETS, 1);
    loop.counters().add(LoopCounters.SENT_BYTES, bytes);
  }

  /// Drops all that waits; on the loop, or when the loop is gone.
  void abandon(DropReason reason) {
    if (waitingForRoom != null) {
      loop.counters().drop(waitingForRoom, reason);
      waitingForRoom = null;
    }
    queue.clear(reason);
    counters.setOpaque(QUEUED_BYTES, queue.bytes());
  }
}
