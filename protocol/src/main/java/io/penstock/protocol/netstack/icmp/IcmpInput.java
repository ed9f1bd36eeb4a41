package io.penstock.protocol.netstack.icmp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.ip.Counters;
import io.penstock.protocol.netstack.ip.LocalAddresses;
import io.penstock.protocol.netstack.ip.PacketSender;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;

/// Takes in the ICMP messages that are for a host: answers pings, and finds out which packet an
/// error is about.
///
/// An echo request to a single address of ours is answered whatever its length, in fragments when
/// the path is narrower than the reply (RFC 1122 section 3.2.2.6, RFC 4443 section 4.2). Errors are
/// given to the caller as an [IcmpReport], who asks the protocol whether it has sent such a packet.
/// Redirects, source quenches (RFC 6633) and router messages are ignored. Nothing is allocated but
/// the replies. One thread calls this, that of the stack.
public final class IcmpInput {

  private static final int HOP_LIMIT = 64;

  private final LocalAddresses addresses;
  private final PacketSender sender;
  private final IcmpReport report = new IcmpReport();
  private final Counters<IcmpReceive> counters = new Counters<>(IcmpReceive.class);

  public IcmpInput(LocalAddresses addresses, PacketSender sender) {
    this.addresses = addresses;
    this.sender = sender;
  }

  /// Looks at a message that lies whole in `packet`, which stays the caller's; the packet is one of
  /// which [IpPacket#isIcmp] holds.
  public IcmpReceive receive(IpPacket view, ByteBuf packet, long nowNanos) {
    IcmpReceive result = read(view, packet, nowNanos);
    counters.add(result);
    return result;
  }

  private IcmpReceive read(IpPacket view, ByteBuf packet, long nowNanos) {
    if (!IcmpEcho.checksumIsRight(view, packet)) {
      return IcmpReceive.BAD_CHECKSUM;
    }
    if (IcmpEcho.isRequest(view, packet)) {
      return answer(view, packet, nowNanos);
    }
    if (IcmpEcho.isReply(view, packet)) {
      return IcmpReceive.ECHO_REPLY;
    }
    if (!isErrorForHosts(view.isIpv4(), IcmpHeader.type(packet, view.transportAt()))) {
      return IcmpReceive.IGNORED;
    }
    return report.read(view, packet) ? IcmpReceive.ERROR : IcmpReceive.BAD_QUOTE;
  }

  private static boolean isErrorForHosts(boolean ipv4, int type) {
    return ipv4
        ? type == IcmpHeader.UNREACHABLE
            || type == IcmpHeader.TIME_EXCEEDED
            || type == IcmpHeader.PARAMETER_PROBLEM
        : type >= Icmp6Header.UNREACHABLE && type <= Icmp6Header.PARAMETER_PROBLEM;
  }

  private IcmpReceive answer(IpPacket view, ByteBuf packet, long nowNanos) {
    boolean ipv4 = view.isIpv4();
    boolean fromHost =
        (view.sourceHigh() != 0 || view.sourceLow() != 0)
            && !addresses.isMultiDestination(ipv4, view.sourceHigh(), view.sourceLow());
    if (!fromHost || !addresses.contains(ipv4, view.destinationHigh(), view.destinationLow())) {
      return IcmpReceive.NOT_OURS;
    }
    int mtu = sender.mtu(ipv4, view.sourceHigh(), view.sourceLow(), nowNanos);
    int total = view.transportBytes() + (ipv4 ? Ipv4Header.MIN_BYTES : Ipv6Header.BYTES);
    ByteBuf out = sender.allocate(total);
    IcmpEcho.writeReply(view, packet, HOP_LIMIT, out);
    if (ipv4 && total > mtu) {
      Ipv4Header.rewrite(out, out.readerIndex(), total, 0, 0);
    }
    return sender.send(out, mtu) ? IcmpReceive.ANSWERED : IcmpReceive.REPLY_DROPPED;
  }

  /// What the last message says of which [#receive] said [IcmpReceive#ERROR].
  public IcmpReport report() {
    return report;
  }

  /// How many messages had this result.
  public long count(IcmpReceive result) {
    return counters.value(result);
  }
}
