package io.penstock.testkit;

import io.netty.buffer.ByteBuf;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/// One direction of a link in a [SimulatedNetwork]: loses, delays, doubles, reorders and corrupts
/// what is sent over it, as its [LinkFaults] say and its random numbers fall.
public final class SimulatedLink {

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final SimulatedNetwork network;
  private final SimulatedNetwork.Node to;
  private final RandomGenerator random;
  private LinkFaults faults;
  private Predicate<ByteBuf> dropIf = datagram -> false;
  private boolean corruptsBytes;
  private long busyUntilNanos;
  private long burstEndNanos;
  private long sent;
  private long sentBytes;
  private long dropped;

  SimulatedLink(
      SimulatedNetwork network,
      SimulatedNetwork.Node to,
      LinkFaults faults,
      RandomGenerator random) {
    this.network = network;
    this.to = to;
    this.faults = faults;
    this.random = random;
  }

  /// Changes the faults from now on; what is under way arrives as it was drawn.
  public void setFaults(LinkFaults faults) {
    this.faults = faults;
  }

  /// Loses every datagram for which `rule` holds, besides what the faults lose.
  public void dropIf(Predicate<ByteBuf> rule) {
    dropIf = rule;
  }

  /// Flips bits of one byte only in what it corrupts: an error that every checksum finds, that of
  /// the Internet too.
  public void corruptSingleBytes() {
    corruptsBytes = true;
  }

  /// How many datagrams were handed to the link.
  public long sent() {
    return sent;
  }

  /// How many bytes were handed to the link.
  public long sentBytes() {
    return sentBytes;
  }

  /// How many of the datagrams did not arrive.
  public long dropped() {
    return dropped;
  }

  void send(ByteBuf datagram) {
    sent++;
    int length = datagram.readableBytes();
    sentBytes += length;
    boolean lost = random.nextDouble() < faults.loss() || isInBurst();
    if (lost || length > faults.mtuBytes() || dropIf.test(datagram) || !enqueue(length)) {
      dropped++;
      datagram.release();
      return;
    }
    if (random.nextDouble() < faults.duplication()) {
      deliver(datagram.copy());
    }
    deliver(datagram);
  }

  private boolean isInBurst() {
    long now = network.elapsedNanos();
    if (faults.bursts() > 0 && now >= burstEndNanos && random.nextDouble() < faults.bursts()) {
      burstEndNanos = now + 1 + below(faults.burstNanos());
    }
    return now < burstEndNanos;
  }

  /// Takes the link's rate into account; false when its queue is full.
  private boolean enqueue(int length) {
    if (faults.bytesPerSecond() == 0) {
      return true;
    }
    long now = network.elapsedNanos();
    long start = Math.max(now, busyUntilNanos);
    long queued = (start - now) * faults.bytesPerSecond() / NANOS_PER_SECOND;
    if (queued + length > faults.queueBytes()) {
      return false;
    }
    busyUntilNanos = start + length * NANOS_PER_SECOND / faults.bytesPerSecond();
    return true;
  }

  private void deliver(ByteBuf datagram) {
    long queueing = Math.max(0, busyUntilNanos - network.elapsedNanos());
    long delay = queueing + faults.delayNanos() + below(faults.jitterNanos());
    if (random.nextDouble() < faults.reordering()) {
      delay += below(faults.reorderNanos());
    }
    ByteBuf arriving = datagram;
    if (random.nextDouble() < faults.corruption()) {
      arriving = corrupted(datagram);
    }
    network.deliver(to, arriving, delay);
  }

  private long below(long bound) {
    return bound == 0 ? 0 : random.nextLong(bound + 1);
  }

  private ByteBuf corrupted(ByteBuf datagram) {
    ByteBuf copy = datagram.copy();
    datagram.release();
    if (!copy.isReadable()) {
      return copy;
    }
    int flips = 1 + random.nextInt(4);
    int burst = random.nextInt(copy.readableBytes());
    for (int i = 0; i < flips; i++) {
      int at = corruptsBytes ? burst : random.nextInt(copy.readableBytes());
      copy.setByte(at, copy.getByte(at) ^ (1 << random.nextInt(8)));
    }
    return copy;
  }
}
