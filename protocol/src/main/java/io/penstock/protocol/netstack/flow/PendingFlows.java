package io.penstock.protocol.netstack.flow;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.ip.Counters;
import io.penstock.protocol.netstack.ip.EntryTable;
import io.penstock.protocol.netstack.ip.HeldMemory;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The flows that wait for somebody to accept, refuse or drop them.
///
/// ```
/// offer -> pending --take---> the packets, to whoever accepts
///             |-----refuse--> the first packet, to be answered by a reset or "port unreachable"
///             |-----drop----> nothing
///             '-----expire--> as refuse, when the deadline is over
/// ```
///
/// Of a TCP flow the SYN is kept, the newest when its sequence number changes; of a UDP flow all
/// datagrams as long as there is room. A packet is kept as it came, or as a copy when its buffer is
/// much longer than it is. Its checksum has been verified by then.
///
/// Memory is at most what [PendingFlowsConfig] names, and about 150 bytes for each flow. An answer
/// to a flow that is gone is harmless. One thread calls this, that of the stack.
public final class PendingFlows {

  private static final int ENTRY_BITS = 16;
  private static final long NANOS_PER_MILLI = 1_000_000L;

  private final PendingFlowsConfig config;
  private final long secret;
  private final EntryTable table;
  private final SourceCounts sources;
  private final Counters<FlowCounter> counters = new Counters<>(FlowCounter.class);
  private @Nullable PendingFlow[] flows = new PendingFlow[0];
  private int announceNext = EntryTable.NONE;
  private long lastNumber;
  private int synBytes;
  private int datagramBytes;

  /// No flows yet.
  ///
  /// @param secret a random number that keeps others from choosing where their flows lie
  public PendingFlows(PendingFlowsConfig config, long secret) {
    this.config = config;
    this.secret = secret;
    this.table = new EntryTable(config.maxFlows());
    this.sources = new SourceCounts(config.maxFlows(), config.maxFlowsPerSource(), secret);
  }

  /// Takes a SYN or a datagram that nothing owns.
  public FlowOffer offer(IpPacket view, ByteBuf packet, long nowNanos) {
    boolean tcp = view.protocol() == IpProtocol.TCP;
    int sequenceNumber = tcp ? TcpHeader.sequenceNumber(packet, view.transportAt()) : 0;
    int hash = hash(view);
    int entry = find(view, hash);
    if (entry != EntryTable.NONE) {
      return absorb(flow(entry), tcp, sequenceNumber, packet);
    }
    if (table.isFull()) {
      return refuse(packet, FlowCounter.TOO_MANY_FLOWS);
    }
    ByteBuf kept = HeldMemory.compact(packet);
    int charge = HeldMemory.bytes(kept);
    if (!hasRoom(tcp, charge)) {
      return refuse(kept, FlowCounter.TOO_MANY_BYTES);
    }
    int source = sources.acquire(view);
    if (source == SourceCounts.TOO_MANY) {
      return refuse(kept, FlowCounter.TOO_MANY_FROM_SOURCE);
    }
    PendingFlow flow = open(view, hash, source, nowNanos);
    flow.sequenceNumber(sequenceNumber);
    keep(flow, tcp, kept, charge);
    counters.add(FlowCounter.ARRIVED);
    return FlowOffer.NEW;
  }

  private FlowOffer absorb(PendingFlow flow, boolean tcp, int sequenceNumber, ByteBuf packet) {
    if (tcp && sequenceNumber == flow.sequenceNumber()) {
      packet.release();
    } else {
      ByteBuf kept = HeldMemory.compact(packet);
      int charge = HeldMemory.bytes(kept);
      int freed = tcp ? flow.heldBytes() : 0;
      if (!hasRoom(tcp, charge - freed)) {
        return refuse(kept, FlowCounter.TOO_MANY_BYTES);
      }
      if (tcp) {
        // The sender has given up its first attempt and makes another.
        account(true, -freed);
        flow.releasePackets();
        flow.sequenceNumber(sequenceNumber);
      }
      keep(flow, tcp, kept, charge);
    }
    counters.add(FlowCounter.ABSORBED);
    return FlowOffer.ABSORBED;
  }

  private boolean hasRoom(boolean tcp, int charge) {
    return tcp
        ? charge <= config.maxSynBytes() - synBytes
        : charge <= config.maxDatagramBytes() - datagramBytes;
  }

  private void keep(PendingFlow flow, boolean tcp, ByteBuf kept, int charge) {
    flow.add(kept, charge);
    account(tcp, charge);
  }

  private void account(boolean tcp, int bytes) {
    if (tcp) {
      synBytes += bytes;
    } else {
      datagramBytes += bytes;
    }
  }

  private FlowOffer refuse(ByteBuf packet, FlowCounter counter) {
    packet.release();
    counters.add(counter);
    return FlowOffer.DROPPED;
  }

  private PendingFlow open(IpPacket view, int hash, int source, long nowNanos) {
    int entry = table.add(hash);
    if (entry >= flows.length) {
      flows = Arrays.copyOf(flows, Math.max(4, 2 * flows.length));
    }
    PendingFlow flow = flows[entry];
    if (flow == null) {
      flow = new PendingFlow();
      flows[entry] = flow;
    }
    long id = ++lastNumber << ENTRY_BITS | entry;
    long deadline = Deadlines.after(nowNanos, config.deadlineMillis() * NANOS_PER_MILLI);
    flow.begin(view, id, source, deadline);
    if (announceNext == EntryTable.NONE) {
      announceNext = entry;
    }
    return flow;
  }

  private int find(IpPacket view, int hash) {
    int entry = table.first(hash);
    while (entry != EntryTable.NONE && !flow(entry).isOf(view)) {
      entry = table.next(entry);
    }
    return entry;
  }

  private int hash(IpPacket view) {
    long ports = (long) view.sourcePort() << 16 | view.destinationPort();
    return EntryTable.hash(
        secret,
        view.sourceLow() ^ Long.rotateLeft(view.sourceHigh(), 32),
        view.destinationLow() ^ Long.rotateLeft(view.destinationHigh(), 32),
        ports << 8 | view.protocol());
  }

  /// The next flow that has arrived and that nobody was told of; null when there is none.
  public @Nullable FlowArrived pollArrived() {
    if (announceNext == EntryTable.NONE) {
      return null;
    }
    FlowArrived arrived = flow(announceNext).arrived();
    announceNext = table.younger(announceNext);
    return arrived;
  }

  /// Hands over the packets of a flow that somebody accepts, in the order in which they came; false
  /// when the flow is gone. Whoever takes a packet owns it.
  public boolean take(long id, Consumer<ByteBuf> packets) {
    int entry = entryOf(id);
    if (entry == EntryTable.NONE) {
      return false;
    }
    PendingFlow flow = flow(entry);
    ByteBuf[] taken = new ByteBuf[flow.count()];
    for (int i = 0; i < taken.length; i++) {
      taken[i] = flow.take(i);
    }
    counters.add(FlowCounter.ACCEPTED);
    close(entry);
    for (ByteBuf packet : taken) {
      packets.accept(packet);
    }
    return true;
  }

  /// The first packet of a flow that somebody refuses, which the caller owns and answers; null when
  /// the flow is gone.
  public @Nullable ByteBuf refuse(long id) {
    int entry = entryOf(id);
    if (entry == EntryTable.NONE) {
      return null;
    }
    counters.add(FlowCounter.REFUSED);
    return closeAndTakeFirst(entry);
  }

  /// Forgets a flow without an answer to its sender; false when it is gone.
  public boolean drop(long id) {
    int entry = entryOf(id);
    if (entry == EntryTable.NONE) {
      return false;
    }
    counters.add(FlowCounter.DROPPED);
    close(entry);
    return true;
  }

  /// The first packet of a flow that nobody answered in time, which the caller owns and refuses;
  /// null when there is none, until then to be called again.
  public @Nullable ByteBuf expire(long nowNanos) {
    int entry = table.oldest();
    if (entry == EntryTable.NONE || !Deadlines.isDue(flow(entry).deadlineNanos(), nowNanos)) {
      return null;
    }
    counters.add(FlowCounter.EXPIRED);
    return closeAndTakeFirst(entry);
  }

  /// When [#expire] wants to be called, or [Deadlines#NONE].
  public long nextDeadlineNanos() {
    int entry = table.oldest();
    return entry == EntryTable.NONE ? Deadlines.NONE : flow(entry).deadlineNanos();
  }

  private ByteBuf closeAndTakeFirst(int entry) {
    ByteBuf first = flow(entry).take(0);
    close(entry);
    return first;
  }

  private void close(int entry) {
    PendingFlow flow = flow(entry);
    account(flow.protocol() == IpProtocol.TCP, -flow.heldBytes());
    sources.release(flow.sourceEntry());
    flow.end();
    if (announceNext == entry) {
      announceNext = table.younger(entry);
    }
    table.remove(entry);
  }

  private int entryOf(long id) {
    int entry = (int) id & ((1 << ENTRY_BITS) - 1);
    boolean known = id > 0 && entry < flows.length;
    PendingFlow flow = known ? flows[entry] : null;
    return flow != null && flow.id() == id ? entry : EntryTable.NONE;
  }

  private PendingFlow flow(int entry) {
    return Objects.requireNonNull(flows[entry]);
  }

  /// Releases everything.
  public void close() {
    while (table.size() > 0) {
      close(table.oldest());
    }
  }

  /// How often this has happened.
  public long count(FlowCounter counter) {
    return counters.value(counter);
  }

  /// How many flows are pending.
  public int size() {
    return table.size();
  }

  /// How much memory their packets hold.
  public int heldBytes() {
    return synBytes + datagramBytes;
  }
}
