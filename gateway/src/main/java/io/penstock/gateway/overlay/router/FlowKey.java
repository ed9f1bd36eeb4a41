package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;

/// The two ends of a flow and its protocol, the same for packets of either direction.
///
/// The end with the smaller address, or port, comes first, and [#reversed] tells that it is the
/// receiver of the packet. An echo conversation has the port "identifier, plus 65536" at the end
/// that asks and 0 at the other, so that two nodes may ask each other with the same identifier.
///
/// An object is made once and used again by one thread.
final class FlowKey {

  private static final int ECHO = 0x1_0000;
  private static final int PORT_BITS = 24;

  long high1;
  long low1;
  long high2;
  long low2;
  long portsAndProtocol;
  boolean reversed;

  /// Points this key at the flow of a packet, or of one quoted by an ICMP error; false when the
  /// packet is of a kind of ICMP that makes no flows.
  boolean set(IpPacket packet, ByteBuf buf) {
    int sourcePort = packet.sourcePort();
    int destinationPort = packet.destinationPort();
    if (packet.isIcmp()) {
      int type = IcmpHeader.type(buf, packet.transportAt());
      int identifier = IcmpHeader.echoIdentifier(buf, packet.transportAt()) | ECHO;
      if (isRequest(packet, type)) {
        sourcePort = identifier;
      } else if (isReply(packet, type)) {
        destinationPort = identifier;
      } else {
        return false;
      }
    }
    reversed = comesFirst(packet, sourcePort, destinationPort);
    if (reversed) {
      high1 = packet.destinationHigh();
      low1 = packet.destinationLow();
      high2 = packet.sourceHigh();
      low2 = packet.sourceLow();
      portsAndProtocol = pack(destinationPort, sourcePort, packet.protocol());
    } else {
      high1 = packet.sourceHigh();
      low1 = packet.sourceLow();
      high2 = packet.destinationHigh();
      low2 = packet.destinationLow();
      portsAndProtocol = pack(sourcePort, destinationPort, packet.protocol());
    }
    return true;
  }

  private static boolean isRequest(IpPacket packet, int type) {
    return type == (packet.isIpv4() ? IcmpHeader.ECHO_REQUEST : Icmp6Header.ECHO_REQUEST);
  }

  private static boolean isReply(IpPacket packet, int type) {
    return type == (packet.isIpv4() ? IcmpHeader.ECHO_REPLY : Icmp6Header.ECHO_REPLY);
  }

  /// Says whether the destination comes before the source.
  private static boolean comesFirst(IpPacket packet, int sourcePort, int destinationPort) {
    int order = Long.compareUnsigned(packet.sourceHigh(), packet.destinationHigh());
    if (order == 0) {
      order = Long.compareUnsigned(packet.sourceLow(), packet.destinationLow());
    }
    return order == 0 ? sourcePort > destinationPort : order > 0;
  }

  private static long pack(int port1, int port2, int protocol) {
    return (long) port1 << (PORT_BITS + 8) | (long) port2 << 8 | protocol;
  }

  int protocol() {
    return (int) portsAndProtocol & 0xff;
  }

  /// Whether the packet is the question of an echo conversation, where it is one at all.
  boolean isEchoRequest() {
    long port1 = portsAndProtocol >>> (PORT_BITS + 8);
    long source = reversed ? (portsAndProtocol >>> 8) & 0xff_ffff : port1;
    return source >= ECHO;
  }
}
