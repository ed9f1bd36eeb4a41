package io.penstock.protocol.netstack.ip;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Puts fragments together again to the packets of which they were cut (RFC 791 section 3.2, RFC
/// 8200 section 4.5).
///
/// - A fragment is kept as it came, or as a copy when its buffer is much longer than it is; the
///   whole packet is copied together once, when nothing is missing any more.
/// - The same fragment twice is ignored. Any other overlap drops the packet and everything that
///   still comes of it until its time is over (RFC 5722, 8900), and so does a fragment that
///   contradicts the others about the packet's length, or that goes beyond a limit.
/// - When too many packets are incomplete, or all fragments hold too much memory, the oldest packet
///   goes.
/// - A mark of congestion on any fragment is passed on with the whole (RFC 3168 section 5.3).
///
/// Memory is at most [ReassemblyConfig#maxBytes] plus one packet, and the arrays of `maxPackets`
/// times `maxFragments` places, which grow as they are needed and are used again. An IPv6 packet
/// that is whole but has a fragment header (RFC 6946) does not come here. One thread calls this,
/// that of the stack.
public final class Reassembly {

  private static final int FRAGMENT_HEADER_BYTES = 8;
  private static final int CONGESTION_EXPERIENCED = 3;
  private static final long NANOS_PER_MILLI = 1_000_000L;

  private final ByteBufAllocator allocator;
  private final ReassemblyConfig config;
  private final long secret;
  private final EntryTable table;
  private final Counters<ReassemblyFault> faults = new Counters<>(ReassemblyFault.class);
  private @Nullable PartialPacket[] partials = new PartialPacket[0];
  private int heldBytes;
  private long completed;
  private long nextDeadlineNanos = Deadlines.NONE;

  /// Nothing to put together yet.
  ///
  /// @param secret a random number that keeps others from choosing where their packets lie
  public Reassembly(ByteBufAllocator allocator, ReassemblyConfig config, long secret) {
    this.allocator = allocator;
    this.config = config;
    this.secret = secret;
    this.table = new EntryTable(config.maxPackets());
  }

  /// Takes a fragment, and returns the whole packet when this was the last of it that was missing.
  ///
  /// The whole packet is one that was never cut, with the headers of the first fragment; it has to
  /// be parsed again. A packet that is no fragment comes back as it is.
  public @Nullable ByteBuf receive(IpPacket view, ByteBuf packet, long nowNanos) {
    if (!view.isFragment()) {
      return packet;
    }
    int entry = find(view);
    if (entry == EntryTable.NONE) {
      entry = open(view, nowNanos);
    }
    PartialPacket partial = partial(entry);
    if (partial.isDropped()) {
      return refuse(packet, ReassemblyFault.OF_DROPPED_PACKET);
    }
    int dataAt =
        view.isIpv4() ? view.transportAt() : view.fragmentHeaderAt() + FRAGMENT_HEADER_BYTES;
    int start = view.fragmentOffsetBytes();
    int end = start + view.at() + view.length() - dataAt;
    ReassemblyFault fault = partial.check(start, end, view.moreFragments());
    if (fault == ReassemblyFault.DUPLICATE) {
      return refuse(packet, fault);
    }
    if (fault == ReassemblyFault.NONE && partial.count() == config.maxFragments()) {
      fault = ReassemblyFault.TOO_MANY_FRAGMENTS;
    }
    if (fault != ReassemblyFault.NONE) {
      drop(partial);
      return refuse(packet, fault);
    }
    note(partial, view, packet);
    return keep(entry, HeldMemory.compact(packet), start, end, view.moreFragments());
  }

  private static void note(PartialPacket partial, IpPacket view, ByteBuf packet) {
    if (view.fragmentOffsetBytes() == 0 && !view.isIpv4()) {
      partial.linkOffset(view.fragmentLinkAt() - view.at());
    }
    int trafficClass =
        view.isIpv4()
            ? Ipv4Header.trafficClass(packet, view.at())
            : Ipv6Header.trafficClass(packet, view.at());
    if ((trafficClass & CONGESTION_EXPERIENCED) == CONGESTION_EXPERIENCED) {
      partial.markCongested();
    }
  }

  private @Nullable ByteBuf keep(int entry, ByteBuf kept, int start, int end, boolean more) {
    PartialPacket partial = partial(entry);
    int charge = HeldMemory.bytes(kept);
    if (charge > config.maxPacketBytes() - partial.heldBytes()) {
      drop(partial);
      return refuse(kept, ReassemblyFault.TOO_MANY_BYTES);
    }
    makeRoom(charge, entry);
    partial.add(kept, charge, start, end, more);
    heldBytes += charge;
    if (!partial.isComplete()) {
      return null;
    }
    ByteBuf whole = partial.isIpv4() ? whole4(partial) : whole6(partial);
    close(entry);
    return whole;
  }

  private @Nullable ByteBuf whole4(PartialPacket partial) {
    ByteBuf first = partial.fragment(0);
    int header = first.readableBytes() - partial.dataBytes(0);
    int length = header + partial.totalBytes();
    if (length > Ipv4Header.MAX_PACKET_BYTES) {
      return fail(ReassemblyFault.TOO_LONG);
    }
    ByteBuf out = allocator.directBuffer(length, length);
    out.writeBytes(first, first.readerIndex(), header);
    Ipv4Header.rewrite(
        out,
        0,
        length,
        Ipv4Header.identification(out, 0),
        Ipv4Header.flagsAndOffset(out, 0) & Ipv4Header.DONT_FRAGMENT);
    if (partial.isCongested() && !Ipv4Header.markCongestion(out, 0)) {
      out.release();
      return fail(ReassemblyFault.BAD_CONGESTION_MARK);
    }
    return writeData(partial, out);
  }

  private @Nullable ByteBuf whole6(PartialPacket partial) {
    ByteBuf first = partial.fragment(0);
    int headers = first.readableBytes() - partial.dataBytes(0) - FRAGMENT_HEADER_BYTES;
    int payload = headers - Ipv6Header.BYTES + partial.totalBytes();
    if (payload > Ipv4Header.MAX_PACKET_BYTES) {
      return fail(ReassemblyFault.TOO_LONG);
    }
    int length = Ipv6Header.BYTES + payload;
    ByteBuf out = allocator.directBuffer(length, length);
    out.writeBytes(first, first.readerIndex(), headers);
    Ipv6Header.rewrite(out, 0, payload, Ipv6Header.nextHeader(out, 0));
    // RFC 8200 section 4.5: "The Next Header field of the last header of the Per-Fragment headers
    // is obtained from the Next Header field of the first fragment's Fragment header."
    out.setByte(partial.linkOffset(), first.getByte(first.readerIndex() + headers));
    if (partial.isCongested() && !Ipv6Header.markCongestion(out, 0)) {
      out.release();
      return fail(ReassemblyFault.BAD_CONGESTION_MARK);
    }
    return writeData(partial, out);
  }

  private ByteBuf writeData(PartialPacket partial, ByteBuf out) {
    for (int i = 0; i < partial.count(); i++) {
      ByteBuf fragment = partial.fragment(i);
      int bytes = partial.dataBytes(i);
      out.writeBytes(fragment, fragment.writerIndex() - bytes, bytes);
    }
    completed++;
    return out;
  }

  private @Nullable ByteBuf fail(ReassemblyFault fault) {
    faults.add(fault);
    return null;
  }

  private @Nullable ByteBuf refuse(ByteBuf packet, ReassemblyFault fault) {
    packet.release();
    faults.add(fault);
    return null;
  }

  private int open(IpPacket view, long nowNanos) {
    if (table.isFull()) {
      faults.add(ReassemblyFault.EVICTED);
      close(table.oldest());
    }
    int entry = table.add(hash(view));
    if (entry >= partials.length) {
      partials = Arrays.copyOf(partials, Math.max(4, 2 * partials.length));
    }
    PartialPacket partial = partials[entry];
    if (partial == null) {
      partial = new PartialPacket();
      partials[entry] = partial;
    }
    int millis = view.isIpv4() ? config.ipv4TimeoutMillis() : config.ipv6TimeoutMillis();
    long deadline = Deadlines.after(nowNanos, millis * NANOS_PER_MILLI);
    partial.begin(view, deadline);
    nextDeadlineNanos = Deadlines.earlier(nextDeadlineNanos, deadline);
    return entry;
  }

  /// Lets the oldest go until there is room; those dropped before hold nothing, and stay.
  private void makeRoom(int charge, int except) {
    int entry = table.oldest();
    while (charge > config.maxBytes() - heldBytes && entry != EntryTable.NONE) {
      int younger = table.younger(entry);
      if (entry != except && partial(entry).heldBytes() > 0) {
        faults.add(ReassemblyFault.EVICTED);
        close(entry);
      }
      entry = younger;
    }
  }

  private void drop(PartialPacket partial) {
    heldBytes -= partial.heldBytes();
    partial.drop();
  }

  private void close(int entry) {
    PartialPacket partial = partial(entry);
    heldBytes -= partial.heldBytes();
    partial.release();
    table.remove(entry);
    if (table.size() == 0) {
      nextDeadlineNanos = Deadlines.NONE;
    }
  }

  private int find(IpPacket view) {
    int entry = table.first(hash(view));
    while (entry != EntryTable.NONE && !partial(entry).isOf(view)) {
      entry = table.next(entry);
    }
    return entry;
  }

  private int hash(IpPacket view) {
    return EntryTable.hash(
        secret,
        view.sourceHigh() ^ Long.rotateLeft(view.destinationHigh(), 32),
        view.sourceLow() ^ Long.rotateLeft(view.destinationLow(), 32),
        view.fragmentId());
  }

  private PartialPacket partial(int entry) {
    return Objects.requireNonNull(partials[entry]);
  }

  /// Forgets the packets whose time is over, and hands out the first fragment of one of them, about
  /// which "reassembly time exceeded" may be reported (RFC 792, RFC 4443 section 3.3). The caller
  /// owns it, and calls again until null comes.
  public @Nullable ByteBuf expire(long nowNanos) {
    if (!Deadlines.isDue(nextDeadlineNanos, nowNanos)) {
      return null;
    }
    int entry = table.oldest();
    long earliest = Deadlines.NONE;
    while (entry != EntryTable.NONE) {
      int younger = table.younger(entry);
      PartialPacket partial = partial(entry);
      if (Deadlines.isDue(partial.deadlineNanos(), nowNanos)) {
        ByteBuf first = partial.takeFirst();
        if (!partial.isDropped()) {
          faults.add(ReassemblyFault.TIMED_OUT);
        }
        close(entry);
        if (first != null) {
          return first;
        }
      } else {
        earliest = Deadlines.earlier(earliest, partial.deadlineNanos());
      }
      entry = younger;
    }
    nextDeadlineNanos = earliest;
    return null;
  }

  /// When [#expire] wants to be called, or [Deadlines#NONE].
  public long nextDeadlineNanos() {
    return nextDeadlineNanos;
  }

  /// Releases everything.
  public void close() {
    while (table.size() > 0) {
      close(table.oldest());
    }
  }

  /// How often this has happened.
  public long count(ReassemblyFault fault) {
    return faults.value(fault);
  }

  /// How many packets have been put together.
  public long completed() {
    return completed;
  }

  /// How much memory fragments hold now.
  public int heldBytes() {
    return heldBytes;
  }

  /// How many packets are incomplete, or dropped and remembered.
  public int size() {
    return table.size();
  }
}
