package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.icmp.IcmpReport;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;

/// The two ends of a connection as we see them: ours is local, the peer's remote.
///
/// An IPv4 address is in the low half, the high half is 0, as in [IpPacket].
record Flow(
    boolean ipv4,
    long localHigh,
    long localLow,
    int localPort,
    long remoteHigh,
    long remoteLow,
    int remotePort) {

  /// The flow that a packet to us belongs to.
  static Flow of(IpPacket packet) {
    return new Flow(
        packet.isIpv4(),
        packet.destinationHigh(),
        packet.destinationLow(),
        packet.destinationPort(),
        packet.sourceHigh(),
        packet.sourceLow(),
        packet.sourcePort());
  }

  /// The flow of the packet that an ICMP error quotes.
  static Flow of(IcmpReport report) {
    return new Flow(
        report.ipv4(),
        report.localHigh(),
        report.localLow(),
        report.localPort(),
        report.remoteHigh(),
        report.remoteLow(),
        report.remotePort());
  }

  static Flow of(IpEndpoint local, IpEndpoint remote) {
    return new Flow(
        local.ipv4(),
        local.high(),
        local.low(),
        local.port(),
        remote.high(),
        remote.low(),
        remote.port());
  }

  Flow withLocalPort(int port) {
    return new Flow(ipv4, localHigh, localLow, port, remoteHigh, remoteLow, remotePort);
  }

  IpEndpoint local() {
    return new IpEndpoint(ipv4, localHigh, localLow, localPort);
  }

  IpEndpoint remote() {
    return new IpEndpoint(ipv4, remoteHigh, remoteLow, remotePort);
  }

  /// Whether a packet to us belongs to this flow.
  boolean matches(IpPacket packet) {
    return remotePort == packet.sourcePort()
        && localPort == packet.destinationPort()
        && remoteLow == packet.sourceLow()
        && localLow == packet.destinationLow()
        && remoteHigh == packet.sourceHigh()
        && localHigh == packet.destinationHigh()
        && ipv4 == packet.isIpv4();
  }

  /// The checksum accumulator of a segment that we send.
  long pseudoHeader(int segmentBytes) {
    return ipv4
        ? InternetChecksum.pseudoHeader4(
            (int) localLow, (int) remoteLow, IpProtocol.TCP, segmentBytes)
        : InternetChecksum.pseudoHeader6(
            localHigh, localLow, remoteHigh, remoteLow, IpProtocol.TCP, segmentBytes);
  }
}
