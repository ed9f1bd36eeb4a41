package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.penstock.gateway.overlay.router.FlowTable.Opened;
import io.penstock.protocol.netstack.icmp.IcmpErrors;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import org.jspecify.annotations.Nullable;

/// Decides whether a packet may go from one node to another.
///
/// Nodes of one user, and everyone with the gateway's own services, may exchange anything. Between
/// other nodes a packet passes when its flow is known, or when a rule allows its sender to open
/// that flow. An ICMP error passes when it quotes a packet of a known flow that its receiver sent
/// to its sender. A later fragment passes when its first one did. All other ICMP but echo is
/// refused: nothing that a router forwards makes use of it. One for each loop.
final class PolicyGate {

  private final FlowTable flows;
  private final FlowKey key = new FlowKey();
  private final IpPacket quoted = new IpPacket();

  PolicyGate(FlowTable flows) {
    this.flows = flows;
  }

  /// Why the packet must not go on, null when it may.
  @Nullable DropReason refusal(
      Attached from, RouteEntry source, Attached to, IpPacket packet, ByteBuf buf, long now) {
    if (from.isFreeToReach(to)) {
      return null;
    }
    if (!packet.hasTransport()) {
      return from.fragments().allows(packet, now) ? null : DropReason.UNKNOWN_FRAGMENT;
    }
    DropReason refusal =
        packet.isIcmpError(buf)
            ? refusalOfError(packet, buf, now)
            : refusalOfFlow(from, source, to, packet, buf, now);
    if (refusal == null && packet.isFragment()) {
      from.fragments().allow(packet, now);
    }
    return refusal;
  }

  private @Nullable DropReason refusalOfFlow(
      Attached from, RouteEntry source, Attached to, IpPacket packet, ByteBuf buf, long now) {
    if (!key.set(packet, buf)) {
      return DropReason.POLICY;
    }
    int tcpFlags = packet.tcpFlags(buf);
    if (flows.pass(key, tcpFlags, now)) {
      return null;
    }
    boolean opens = !packet.isIcmp() || key.isEchoRequest();
    if (!opens
        || !from.subject().mayOpen(to.subject(), packet.protocol(), packet.destinationPort())) {
      return DropReason.POLICY;
    }
    return flows.open(key, tcpFlags, source.owner(), now) == Opened.YES
        ? null
        : DropReason.FLOWS_FULL;
  }

  private @Nullable DropReason refusalOfError(IpPacket error, ByteBuf buf, long now) {
    int type = IcmpHeader.type(buf, error.transportAt());
    if (type == (error.isIpv4() ? IcmpHeader.REDIRECT : Icmp6Header.REDIRECT)) {
      return DropReason.POLICY;
    }
    int at = IcmpErrors.quotedAt(error);
    boolean related =
        quoted.parseQuoted(buf, at, IcmpErrors.quotedBytes(error)) == PacketFault.NONE
            && quoted.isIpv4() == error.isIpv4()
            && quoted.hasTransport()
            && quoted.sourceLow() == error.destinationLow()
            && quoted.sourceHigh() == error.destinationHigh()
            && quoted.destinationLow() == error.sourceLow()
            && quoted.destinationHigh() == error.sourceHigh()
            && key.set(quoted, buf)
            && flows.knows(key, now);
    return related ? null : DropReason.UNRELATED_ERROR;
  }
}
