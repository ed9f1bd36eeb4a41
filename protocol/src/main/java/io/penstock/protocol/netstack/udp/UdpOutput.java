package io.penstock.protocol.netstack.udp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.ip.Counters;
import io.penstock.protocol.netstack.ip.LocalAddresses;
import io.penstock.protocol.netstack.ip.PacketSender;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.UdpHeader;

/// Builds the packets of the datagrams that are sent.
///
/// One that fits its path forbids to cut it, so that a router says when the path has become
/// narrower (RFC 8085 section 3.2); one that does not fit leaves in fragments.
final class UdpOutput {

  /// The longest payload over IPv4: a packet of 65,535 bytes.
  static final int MAX_PAYLOAD_BYTES_4 =
      Ipv4Header.MAX_PACKET_BYTES - Ipv4Header.MIN_BYTES - UdpHeader.BYTES;

  /// The longest payload over IPv6: 65,535 bytes behind the fixed header.
  static final int MAX_PAYLOAD_BYTES_6 = Ipv4Header.MAX_PACKET_BYTES - UdpHeader.BYTES;

  private final LocalAddresses addresses;
  private final PacketSender sender;
  private final int hopLimit;
  private final Counters<UdpSend> sent = new Counters<>(UdpSend.class);

  UdpOutput(LocalAddresses addresses, PacketSender sender, int hopLimit) {
    this.addresses = addresses;
    this.sender = sender;
    this.hopLimit = hopLimit;
  }

  /// Sends the readable bytes of `payload`, which it takes; a local address of 0 stands for the one
  /// that suits the destination.
  UdpSend send(
      ByteBuf payload,
      boolean ipv4,
      long fromHigh,
      long fromLow,
      int fromPort,
      long toHigh,
      long toLow,
      int toPort,
      long nowNanos) {
    UdpSend result;
    int max = ipv4 ? MAX_PAYLOAD_BYTES_4 : MAX_PAYLOAD_BYTES_6;
    if (payload.readableBytes() > max) {
      result = UdpSend.TOO_LONG;
    } else if (toPort == 0 || (toHigh == 0 && toLow == 0)) {
      result = UdpSend.NO_ROUTE;
    } else if (fromHigh != 0 || fromLow != 0) {
      result = build(payload, ipv4, fromHigh, fromLow, fromPort, toHigh, toLow, toPort, nowNanos);
    } else {
      int index = addresses.sourceFor(ipv4, toHigh, toLow);
      result =
          index == LocalAddresses.NONE
              ? UdpSend.NO_ROUTE
              : build(
                  payload,
                  ipv4,
                  addresses.high(index),
                  addresses.low(index),
                  fromPort,
                  toHigh,
                  toLow,
                  toPort,
                  nowNanos);
    }
    payload.release();
    sent.add(result);
    return result;
  }

  private UdpSend build(
      ByteBuf payload,
      boolean ipv4,
      long fromHigh,
      long fromLow,
      int fromPort,
      long toHigh,
      long toLow,
      int toPort,
      long nowNanos) {
    int length = UdpHeader.BYTES + payload.readableBytes();
    int total = length + (ipv4 ? Ipv4Header.MIN_BYTES : Ipv6Header.BYTES);
    int mtu = sender.mtu(ipv4, toHigh, toLow, nowNanos);
    ByteBuf out = sender.allocate(total);
    long pseudoHeader;
    if (ipv4) {
      int from = (int) fromLow;
      int to = (int) toLow;
      int flags = total <= mtu ? Ipv4Header.DONT_FRAGMENT : 0;
      Ipv4Header.write(out, 0, total, 0, flags, hopLimit, IpProtocol.UDP, from, to);
      pseudoHeader = InternetChecksum.pseudoHeader4(from, to, IpProtocol.UDP, length);
    } else {
      Ipv6Header.write(
          out, 0, 0, length, IpProtocol.UDP, hopLimit, fromHigh, fromLow, toHigh, toLow);
      pseudoHeader =
          InternetChecksum.pseudoHeader6(fromHigh, fromLow, toHigh, toLow, IpProtocol.UDP, length);
    }
    int at = out.writerIndex();
    UdpHeader.write(out, fromPort, toPort, length);
    out.writeBytes(payload, payload.readerIndex(), payload.readableBytes());
    UdpHeader.writeChecksum(out, at, length, pseudoHeader);
    return sender.send(out, mtu) ? UdpSend.SENT : UdpSend.QUEUE_FULL;
  }

  long count(UdpSend result) {
    return sent.value(result);
  }
}
