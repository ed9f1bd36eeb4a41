package io.penstock.it.overlay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.api.IpAddress;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.UdpHeader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// A UDP datagram over IPv4 with a text in it.
record UdpPacket(IpAddress from, int fromPort, IpAddress to, int toPort, String text) {

  private static final int HOP_LIMIT = 64;

  /// The same the other way round, with another text.
  UdpPacket answer(String answer) {
    return new UdpPacket(to, toPort, from, fromPort, answer);
  }

  /// As it goes into a tunnel.
  ByteBuf encode() {
    byte[] payload = text.getBytes(StandardCharsets.UTF_8);
    int bytes = UdpHeader.BYTES + payload.length;
    int source = Ipv4Address.of(from.bytes());
    int destination = Ipv4Address.of(to.bytes());
    ByteBuf out = Unpooled.buffer(Ipv4Header.MIN_BYTES + bytes);
    Ipv4Header.write(
        out,
        0,
        Ipv4Header.MIN_BYTES + bytes,
        1,
        Ipv4Header.DONT_FRAGMENT,
        HOP_LIMIT,
        IpProtocol.UDP,
        source,
        destination);
    int at = out.writerIndex();
    UdpHeader.write(out, fromPort, toPort, bytes);
    out.writeBytes(payload);
    UdpHeader.writeChecksum(
        out, at, bytes, InternetChecksum.pseudoHeader4(source, destination, IpProtocol.UDP, bytes));
    return out;
  }

  /// Reads what came out of a tunnel; empty when it is something else.
  static Optional<UdpPacket> decode(ByteBuf packet) {
    IpPacket view = new IpPacket();
    if (view.parse(packet) != PacketFault.NONE
        || !view.isIpv4()
        || view.protocol() != IpProtocol.UDP) {
      return Optional.empty();
    }
    int at = view.transportAt();
    byte[] payload = new byte[UdpHeader.length(packet, at) - UdpHeader.BYTES];
    packet.getBytes(at + UdpHeader.BYTES, payload);
    return Optional.of(
        new UdpPacket(
            IpAddress.of(Ipv4Address.bytes((int) view.sourceLow())),
            view.sourcePort(),
            IpAddress.of(Ipv4Address.bytes((int) view.destinationLow())),
            view.destinationPort(),
            new String(payload, StandardCharsets.UTF_8)));
  }
}
