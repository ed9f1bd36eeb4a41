package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.icmp.IcmpErrors;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.net.InetAddress;

/// Tells the sender of a packet by ICMP why it was not forwarded, as often as the limits allow.
///
/// The error goes straight into the queue of the tunnel that has the packet's source, as a packet
/// of the router itself. One for each loop.
final class IcmpReporter {

  private final Router router;
  private final RouterLoop loop;
  private long high6;
  private long low6;
  private long low4;

  IcmpReporter(Router router, RouterLoop loop) {
    this.router = router;
    this.loop = loop;
    for (InetAddress address : router.addresses()) {
      if (address.getAddress().length == 4) {
        low4 = LeasedAddress.low(address);
      } else {
        high6 = LeasedAddress.high(address);
        low6 = LeasedAddress.low(address);
      }
    }
  }

  /// Reports about a packet that is still as it came, or nearly; the packet stays the caller's.
  void report(IcmpError error, int mtuBytes, IpPacket packet, ByteBuf buf, long nowNanos) {
    long low = packet.isIpv4() ? low4 : low6;
    boolean silent = packet.isIpv4() ? low4 == 0 : high6 == 0;
    if (silent || !IcmpErrors.mayReportAbout(packet, buf)) {
      return;
    }
    RouteEntry source = router.routes().lookup(packet.sourceHigh(), packet.sourceLow());
    Attached to = source == null ? null : source.tunnel();
    if (to == null) {
      return;
    }
    if (!to.icmpBudget().take(nowNanos) || !router.icmpBudget().take(nowNanos)) {
      loop.counters().add(LoopCounters.ICMP_SUPPRESSED, 1);
      return;
    }
    ByteBuf out = buf.alloc().directBuffer(IcmpErrors.lengthAbout(packet));
    IcmpErrors.write(error, mtuBytes, packet, buf, packet.isIpv4() ? 0 : high6, low, out);
    loop.counters().reported(error);
    loop.handOver(to, loop.self(), 0, out);
  }
}
