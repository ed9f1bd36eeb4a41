package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Address;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// The way of a packet through the router, on the loop of the tunnel that brought it.
///
/// ```
/// well-formed? ─► source leads back to this tunnel? ─► destination? ─► hops left? ─► policy
///     ─► hop limit − 1, MSS ─► queue of the destination, here or over a ring
/// ```
///
/// Whether a packet fits into the destination's tunnel is asked where it is sent, on the
/// destination's loop ([#tooBig]). An IPv4 packet that does not fit is never cut up: its sender is
/// told the size, whether it has set DF or not. Deviates from RFC 1812 section 5.2.5: hosts that
/// leave DF out fragment at the size they are told, and reassembly stays out of the tunnels.
final class Forwarder {

  private static final int TCP_OVERHEAD_4 = Ipv4Header.MIN_BYTES + TcpHeader.MIN_BYTES;
  private static final int TCP_OVERHEAD_6 = Ipv6Header.BYTES + TcpHeader.MIN_BYTES;
  private static final int HASH_MIX = 0x9e37_79b1;

  private final Router router;
  private final RouterLoop loop;
  private final PolicyGate gate;
  private final IcmpReporter reporter;
  private final IpPacket view = new IpPacket();

  Forwarder(Router router, RouterLoop loop) {
    this.router = router;
    this.loop = loop;
    this.gate = new PolicyGate(router.flows());
    this.reporter = new IcmpReporter(router, loop);
  }

  /// Takes a packet that a tunnel brought.
  void forward(Attached from, ByteBuf packet) {
    int bytes = packet.readableBytes();
    from.count(Attached.RECEIVED_PACKETS, 1);
    from.count(Attached.RECEIVED_BYTES, bytes);
    loop.counters().add(LoopCounters.RECEIVED_PACKETS, 1);
    loop.counters().add(LoopCounters.RECEIVED_BYTES, bytes);
    PacketFault fault = view.parse(packet);
    if (fault != PacketFault.NONE) {
      refuse(from, packet, DropReason.of(fault));
      return;
    }
    RouteTable routes = router.routes();
    RouteEntry source = routes.lookup(view.sourceHigh(), view.sourceLow());
    if (source == null || source.tunnel() != from) {
      refuse(from, packet, from.isCurrent() ? DropReason.SPOOFED_SOURCE : DropReason.DETACHED);
      return;
    }
    long now = loop.batchNanos();
    RouteEntry destination = routes.lookup(view.destinationHigh(), view.destinationLow());
    if (destination == null) {
      noRoute(from, packet, now);
      return;
    }
    Attached to = destination.tunnel();
    if (to == null) {
      // Its node may be back at any moment: an error would make connections give up.
      refuse(from, packet, DropReason.ON_HOLD);
      return;
    }
    // RFC 1812 section 4.2.2.9: a router "MUST NOT check the TTL of a packet except when forwarding
    // it", so what is for the gateway itself, or from it, has made no hop.
    boolean hop = !from.isService() && !to.isService();
    if (hop && view.hopLimit() <= 1) {
      reporter.report(IcmpError.HOP_LIMIT_EXCEEDED, 0, view, packet, now);
      refuse(from, packet, DropReason.HOP_LIMIT);
      return;
    }
    DropReason refusal = gate.refusal(from, source, to, view, packet, now);
    if (refusal != null) {
      if (refusal == DropReason.POLICY) {
        reporter.report(IcmpError.ADMIN_PROHIBITED, 0, view, packet, now);
      }
      refuse(from, packet, refusal);
      return;
    }
    if (hop) {
      lowerHopLimit(packet);
    }
    clampMaxSegmentSize(from, to, packet);
    loop.handOver(to, from.sender(), flowHash(), packet);
  }

  private void noRoute(Attached from, ByteBuf packet, long now) {
    boolean routable =
        view.isIpv4()
            ? Ipv4Address.isRoutableUnicast((int) view.destinationLow())
            : Ipv6Address.isRoutableUnicast(view.destinationHigh());
    if (routable) {
      reporter.report(IcmpError.NO_ROUTE, 0, view, packet, now);
    }
    refuse(from, packet, routable ? DropReason.NO_ROUTE : DropReason.UNROUTABLE_DESTINATION);
  }

  private void refuse(Attached from, ByteBuf packet, DropReason reason) {
    from.count(Attached.REFUSED_PACKETS, 1);
    loop.counters().drop(packet, reason);
  }

  private void lowerHopLimit(ByteBuf packet) {
    if (view.isIpv4()) {
      Ipv4Header.decrementTimeToLive(packet, view.at());
    } else {
      Ipv6Header.decrementHopLimit(packet, view.at());
    }
  }

  private void clampMaxSegmentSize(Attached from, Attached to, ByteBuf packet) {
    if ((view.tcpFlags(packet) & TcpHeader.SYN) != 0) {
      // The MSS says what the other end may send back, and both tunnels carry that.
      int mtu = Math.min(from.refreshMtu(), to.mtuBytes());
      int limit = mtu - (view.isIpv4() ? TCP_OVERHEAD_4 : TCP_OVERHEAD_6);
      TcpHeader.clampMaxSegmentSize(packet, view.transportAt(), Math.max(limit, 1));
    }
  }

  /// A number that is the same for all packets of a flow, later fragments excepted.
  private int flowHash() {
    long mixed = view.sourceLow() * 31 + view.destinationLow();
    mixed = mixed * 31 + view.sourceHigh() + view.destinationHigh();
    mixed = mixed * 31 + view.sourcePort();
    mixed = mixed * 31 + view.destinationPort();
    return (Long.hashCode(mixed * 31 + view.protocol()) * HASH_MIX) >>> 16;
  }

  /// Takes a packet that a service of the gateway itself was sent and does not want.
  void reject(ByteBuf packet, IcmpError error, DropReason reason) {
    // It was well-formed when it came.
    if (view.parse(packet) == PacketFault.NONE) {
      reporter.report(error, 0, view, packet, loop.batchNanos());
    }
    loop.counters().drop(packet, reason);
  }

  /// Takes a packet that waited for a tunnel of this loop and does not fit into it.
  void tooBig(ByteBuf packet, int mtuBytes, long now) {
    // It was well-formed when it came.
    if (view.parse(packet) == PacketFault.NONE) {
      reporter.report(IcmpError.PACKET_TOO_BIG, mtuBytes, view, packet, now);
    }
    loop.counters().drop(packet, DropReason.TOO_BIG);
  }
}
