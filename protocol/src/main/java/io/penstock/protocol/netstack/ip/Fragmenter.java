package io.penstock.protocol.netstack.ip;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import java.util.random.RandomGenerator;

/// Cuts a packet that is longer than its way allows into fragments (RFC 791 section 3.2, RFC 8200
/// section 4.5), and puts them into the [OutputQueue].
///
/// ```
/// IPv4: | header | data |  ->  | header, offset 0, more | data |  | header, offset n | data | ...
/// IPv6: | header | data |  ->  | header | fragment header, offset 0, more | data | ...
/// ```
///
/// The number that the fragments of one packet share counts up from a random start for each of a
/// few groups of destinations (RFC 7739 section 5.3): nobody can guess it from what was sent to
/// others, and 65,536 packets go to one destination before an IPv4 number comes again.
///
/// The packets are those that the stack itself builds: without extension headers in IPv6.
public final class Fragmenter {

  private static final int FRAGMENT_HEADER_BYTES = 8;
  private static final int COUNTERS = 64;

  private final OutputQueue queue;
  private final long secret;
  private final int[] counters = new int[COUNTERS];
  private long fragmented;
  private long refused;

  /// @param random where the numbers of fragmented packets start
  public Fragmenter(OutputQueue queue, RandomGenerator random) {
    this.queue = queue;
    this.secret = random.nextLong();
    for (int i = 0; i < COUNTERS; i++) {
      counters[i] = random.nextInt();
    }
  }

  /// Takes a packet and queues its fragments, each of at most `mtuBytes`; false when the packet
  /// forbids that ("don't fragment") or the queue has no room, and the packet is dropped and
  /// counted.
  public boolean send(ByteBuf packet, int mtuBytes) {
    boolean ipv4 = Ipv4Header.version(packet, packet.readerIndex()) == 4;
    boolean sent =
        mayFragment(packet, ipv4) && (ipv4 ? send4(packet, mtuBytes) : send6(packet, mtuBytes));
    packet.release();
    if (sent) {
      fragmented++;
    } else {
      refused++;
    }
    return sent;
  }

  /// Half of a packet helps nobody, so that the queue should have room for the whole.
  private boolean mayFragment(ByteBuf packet, boolean ipv4) {
    return (!ipv4 || !Ipv4Header.dontFragment(packet, packet.readerIndex()))
        && packet.readableBytes() <= queue.maxBytes() - queue.heldBytes();
  }

  private boolean send4(ByteBuf packet, int mtuBytes) {
    int from = packet.readerIndex();
    int header = Ipv4Header.headerBytes(packet, from);
    int end = packet.writerIndex();
    int room = (Math.max(mtuBytes, Ipv4Header.MIN_MTU_BYTES) - header) & ~7;
    int id = nextId(0, Ipv4Header.source(packet, from), Ipv4Header.destination(packet, from));
    for (int at = from + header; at < end; at += room) {
      int bytes = Math.min(room, end - at);
      ByteBuf out = queue.allocate(header + bytes);
      int start = out.writerIndex();
      out.writeBytes(packet, from, header);
      int offset = (at - from - header) >>> 3;
      int more = at + bytes < end ? Ipv4Header.MORE_FRAGMENTS : 0;
      Ipv4Header.rewrite(out, start, header + bytes, id & 0xffff, more | offset);
      if (!queue.offer(out.writeBytes(packet, at, bytes))) {
        return false;
      }
    }
    return true;
  }

  private boolean send6(ByteBuf packet, int mtuBytes) {
    int from = packet.readerIndex();
    int end = packet.writerIndex();
    int overhead = Ipv6Header.BYTES + FRAGMENT_HEADER_BYTES;
    int room = (Math.max(mtuBytes, Ipv6Header.MIN_MTU_BYTES) - overhead) & ~7;
    int next = Ipv6Header.nextHeader(packet, from);
    int id =
        nextId(
            Ipv6Header.sourceHigh(packet, from) ^ Ipv6Header.destinationHigh(packet, from),
            Ipv6Header.sourceLow(packet, from),
            Ipv6Header.destinationLow(packet, from));
    for (int at = from + Ipv6Header.BYTES; at < end; at += room) {
      int bytes = Math.min(room, end - at);
      ByteBuf out = queue.allocate(overhead + bytes);
      int start = out.writerIndex();
      out.writeBytes(packet, from, Ipv6Header.BYTES);
      Ipv6Header.rewrite(out, start, FRAGMENT_HEADER_BYTES + bytes, IpProtocol.FRAGMENT);
      out.writeByte(next).writeByte(0);
      out.writeShort(at - from - Ipv6Header.BYTES | (at + bytes < end ? 1 : 0));
      out.writeInt(id);
      if (!queue.offer(out.writeBytes(packet, at, bytes))) {
        return false;
      }
    }
    return true;
  }

  private int nextId(long high, long sourceLow, long destinationLow) {
    int hash = EntryTable.hash(secret, high, sourceLow, destinationLow);
    return hash + counters[hash >>> 26]++;
  }

  /// How many packets have been cut.
  public long fragmentedPackets() {
    return fragmented;
  }

  /// How many could not be.
  public long refusedPackets() {
    return refused;
  }
}
