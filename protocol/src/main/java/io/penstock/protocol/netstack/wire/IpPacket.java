package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;

/// A view of one IP packet of either version: whose it is, where its transport header lies, which
/// ports it names.
///
/// An object is made once, belongs to one thread and is pointed at packet after packet by [#parse].
/// It holds offsets and numbers but never the buffer, so it says nothing about a packet that has
/// been changed since. After any result but [PacketFault#NONE] its contents mean nothing.
///
/// The address of an IPv4 packet is in the low half, the high half is 0.
public final class IpPacket {

  private static final int TCP_FLAGS_END = 16;

  private final Ipv6Extensions extensions = new Ipv6Extensions();
  private boolean ipv4;
  private int at;
  private int length;
  private int hopLimit;
  private long sourceHigh;
  private long sourceLow;
  private long destinationHigh;
  private long destinationLow;
  private int protocol;
  private int transportAt;
  private int transportBytes;
  private boolean fragment;
  private boolean moreFragments;
  private int fragmentOffsetBytes;
  private int fragmentId;
  private int fragmentHeaderAt;
  private int fragmentLinkAt;
  private int sourcePort;
  private int destinationPort;

  /// A view of nothing yet.
  public IpPacket() {}

  /// Reads the packet that fills the readable bytes, and checks all that can be checked without the
  /// other fragments or the checksums of the transport.
  public PacketFault parse(ByteBuf packet) {
    int from = packet.readerIndex();
    int bytes = packet.readableBytes();
    if (bytes == 0) {
      return PacketFault.TRUNCATED;
    }
    PacketFault fault =
        switch (packet.getUnsignedByte(from) >>> 4) {
          case 4 -> Ipv4Header.check(packet, from, bytes);
          case 6 -> Ipv6Header.check(packet, from, bytes);
          default -> PacketFault.BAD_VERSION;
        };
    if (fault == PacketFault.NONE) {
      fault = locate(packet, from, bytes);
    }
    return fault == PacketFault.NONE ? checkTransport(packet) : fault;
  }

  /// Reads the packet at `from` of which only the first `bytes` bytes may be there, as ICMP errors
  /// quote it: neither its length nor its checksum is checked, and ports are read when the first
  /// eight bytes of the transport have come.
  public PacketFault parseQuoted(ByteBuf buf, int from, int bytes) {
    if (bytes <= 0) {
      return PacketFault.TRUNCATED;
    }
    PacketFault fault =
        switch (buf.getUnsignedByte(from) >>> 4) {
          case 4 -> Ipv4Header.checkLengths(buf, from, bytes);
          case 6 -> Ipv6Header.checkLengths(buf, from, bytes);
          default -> PacketFault.BAD_VERSION;
        };
    if (fault == PacketFault.NONE) {
      fault = locate(buf, from, bytes);
    }
    if (fault != PacketFault.NONE) {
      return fault;
    }
    if (hasTransport() && transportBytes < IcmpHeader.BYTES) {
      return PacketFault.TRUNCATED;
    }
    readPorts(buf);
    return PacketFault.NONE;
  }

  private PacketFault locate(ByteBuf buf, int from, int bytes) {
    at = from;
    length = bytes;
    ipv4 = Ipv4Header.version(buf, from) == 4;
    sourcePort = 0;
    destinationPort = 0;
    return ipv4 ? locate4(buf) : locate6(buf);
  }

  private PacketFault locate4(ByteBuf buf) {
    hopLimit = Ipv4Header.timeToLive(buf, at);
    sourceHigh = 0;
    sourceLow = Ipv4Header.source(buf, at) & 0xffff_ffffL;
    destinationHigh = 0;
    destinationLow = Ipv4Header.destination(buf, at) & 0xffff_ffffL;
    protocol = Ipv4Header.protocol(buf, at);
    transportAt = at + Ipv4Header.headerBytes(buf, at);
    transportBytes = at + length - transportAt;
    fragment = Ipv4Header.isFragment(buf, at);
    moreFragments = Ipv4Header.moreFragments(buf, at);
    fragmentOffsetBytes = Ipv4Header.fragmentOffsetBytes(buf, at);
    fragmentId = Ipv4Header.identification(buf, at);
    fragmentHeaderAt = -1;
    fragmentLinkAt = -1;
    return PacketFault.NONE;
  }

  private PacketFault locate6(ByteBuf buf) {
    hopLimit = Ipv6Header.hopLimit(buf, at);
    sourceHigh = Ipv6Header.sourceHigh(buf, at);
    sourceLow = Ipv6Header.sourceLow(buf, at);
    destinationHigh = Ipv6Header.destinationHigh(buf, at);
    destinationLow = Ipv6Header.destinationLow(buf, at);
    PacketFault fault = extensions.walk(buf, at, at + length);
    if (fault != PacketFault.NONE) {
      return fault;
    }
    protocol = extensions.protocol();
    transportAt = extensions.transportAt();
    transportBytes = at + length - transportAt;
    int header = extensions.fragmentAt();
    fragmentHeaderAt = header;
    fragmentLinkAt = extensions.fragmentLinkAt();
    fragment = header >= 0;
    int word = fragment ? buf.getUnsignedShort(header + 2) : 0;
    moreFragments = (word & 1) != 0;
    fragmentOffsetBytes = word & ~7;
    fragmentId = fragment ? buf.getInt(header + 4) : 0;
    return fragment ? checkFragment6() : PacketFault.NONE;
  }

  private PacketFault checkFragment6() {
    // Offset and length count from the end of the fragment header; what lies before it stays.
    int payload = at + length - (fragmentHeaderAt + 8);
    boolean broken =
        (moreFragments && (payload & 7) != 0)
            || (payload == 0 && (moreFragments || fragmentOffsetBytes > 0))
            || fragmentOffsetBytes + payload > Ipv4Header.MAX_PACKET_BYTES;
    return broken ? PacketFault.BAD_FRAGMENT : PacketFault.NONE;
  }

  private PacketFault checkTransport(ByteBuf buf) {
    if (!hasTransport()) {
      // RFC 3128: a second fragment this near to the start would overwrite the flags of TCP.
      return protocol == IpProtocol.TCP && fragmentOffsetBytes < TCP_FLAGS_END
          ? PacketFault.BAD_FRAGMENT
          : PacketFault.NONE;
    }
    PacketFault fault =
        switch (protocol) {
          case IpProtocol.TCP -> TcpHeader.check(buf, transportAt, transportBytes);
          case IpProtocol.UDP -> checkUdp(buf);
          case IpProtocol.ICMP, IpProtocol.ICMPV6 -> IcmpHeader.check(transportBytes);
          default -> PacketFault.NONE;
        };
    if (fault == PacketFault.NONE) {
      readPorts(buf);
    } else if (moreFragments) {
      // RFC 1858 and 7112: the whole transport header stands in the first fragment.
      return PacketFault.BAD_FRAGMENT;
    }
    return fault;
  }

  private PacketFault checkUdp(ByteBuf buf) {
    if (!moreFragments) {
      return UdpHeader.check(buf, transportAt, transportBytes);
    }
    boolean fits =
        transportBytes >= UdpHeader.BYTES && UdpHeader.length(buf, transportAt) >= UdpHeader.BYTES;
    return fits ? PacketFault.NONE : PacketFault.BAD_TRANSPORT;
  }

  private void readPorts(ByteBuf buf) {
    if (hasTransport() && (protocol == IpProtocol.TCP || protocol == IpProtocol.UDP)) {
      sourcePort = UdpHeader.sourcePort(buf, transportAt);
      destinationPort = UdpHeader.destinationPort(buf, transportAt);
    }
  }

  public boolean isIpv4() {
    return ipv4;
  }

  /// Where the packet begins.
  public int at() {
    return at;
  }

  /// The length of the packet, or of what a quote holds of it.
  public int length() {
    return length;
  }

  /// The traffic class, of which the lowest two bits are those of ECN (RFC 3168 section 5).
  public int trafficClass(ByteBuf buf) {
    return ipv4 ? Ipv4Header.trafficClass(buf, at) : Ipv6Header.trafficClass(buf, at);
  }

  /// The time to live of IPv4, the hop limit of IPv6.
  public int hopLimit() {
    return hopLimit;
  }

  public long sourceHigh() {
    return sourceHigh;
  }

  public long sourceLow() {
    return sourceLow;
  }

  public long destinationHigh() {
    return destinationHigh;
  }

  public long destinationLow() {
    return destinationLow;
  }

  /// What the packet carries behind all extension headers; see [IpProtocol].
  public int protocol() {
    return protocol;
  }

  /// Where the transport header begins; for a later fragment, where its payload does.
  public int transportAt() {
    return transportAt;
  }

  /// The length of the transport header and its payload, as far as it is in this packet.
  public int transportBytes() {
    return transportBytes;
  }

  /// An accumulator that holds the pseudo header of what the packet carries.
  ///
  /// @param transport what protocol the checksum is of
  /// @param bytes the length of what it covers
  public long pseudoHeader(int transport, int bytes) {
    return ipv4
        ? InternetChecksum.pseudoHeader4((int) sourceLow, (int) destinationLow, transport, bytes)
        : InternetChecksum.pseudoHeader6(
            sourceHigh, sourceLow, destinationHigh, destinationLow, transport, bytes);
  }

  /// Says whether the transport header is in this packet: it is no fragment, or the first one.
  public boolean hasTransport() {
    return fragmentOffsetBytes == 0;
  }

  /// Says whether this is a part of a packet. An IPv6 packet that is whole but has a fragment
  /// header (RFC 6946) is not.
  public boolean isFragment() {
    return fragment && (moreFragments || fragmentOffsetBytes > 0);
  }

  public boolean moreFragments() {
    return moreFragments;
  }

  public int fragmentOffsetBytes() {
    return fragmentOffsetBytes;
  }

  /// What the fragments of one packet have in common, besides both addresses and the protocol.
  public int fragmentId() {
    return fragmentId;
  }

  /// Where the fragment header of IPv6 is, -1 without one; what it counts begins eight bytes later.
  public int fragmentHeaderAt() {
    return fragmentHeaderAt;
  }

  /// Where the byte is that announces the fragment header of IPv6, -1 without one.
  public int fragmentLinkAt() {
    return fragmentLinkAt;
  }

  /// The source port of TCP or UDP, else 0.
  public int sourcePort() {
    return sourcePort;
  }

  /// The destination port of TCP or UDP, else 0.
  public int destinationPort() {
    return destinationPort;
  }

  /// Says whether this is the kind of ICMP that belongs to its IP version.
  public boolean isIcmp() {
    return protocol == (ipv4 ? IpProtocol.ICMP : IpProtocol.ICMPV6);
  }

  /// Says whether this is an ICMP error, judged by its first fragment.
  public boolean isIcmpError(ByteBuf buf) {
    if (!isIcmp() || !hasTransport()) {
      return false;
    }
    int type = IcmpHeader.type(buf, transportAt);
    return ipv4 ? IcmpHeader.isError(type) : Icmp6Header.isError(type);
  }

  /// The flags of TCP; 0 when this is something else or a later fragment.
  public int tcpFlags(ByteBuf buf) {
    return protocol == IpProtocol.TCP && hasTransport() ? TcpHeader.flags(buf, transportAt) : 0;
  }
}
