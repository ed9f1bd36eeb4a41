package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.ip.OutputQueue;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// Puts headers around segments.
///
/// With checksum offload the checksum field holds the sum of the pseudo header, which the link
/// completes.
final class SegmentWriter {

  private static final int HOP_LIMIT = 64;

  /// RFC 3168 section 5: ECT(0).
  private static final int ECT_0 = 2;

  private static final int CHECKSUM_AT = 16;

  private final OutputQueue output;
  private final boolean checksumOffload;

  SegmentWriter(OutputQueue output, boolean checksumOffload) {
    this.output = output;
    this.checksumOffload = checksumOffload;
  }

  /// A buffer with the IP header of a segment with that much behind the TCP header.
  ByteBuf begin(Flow flow, int optionBytes, int payloadBytes, boolean ecnCapable) {
    int segment = TcpHeader.MIN_BYTES + optionBytes + payloadBytes;
    int trafficClass = ecnCapable ? ECT_0 : 0;
    ByteBuf out;
    if (flow.ipv4()) {
      out = output.allocate(Ipv4Header.MIN_BYTES + segment);
      Ipv4Header.write(
          out,
          trafficClass,
          Ipv4Header.MIN_BYTES + segment,
          0,
          Ipv4Header.DONT_FRAGMENT,
          HOP_LIMIT,
          IpProtocol.TCP,
          (int) flow.localLow(),
          (int) flow.remoteLow());
    } else {
      out = output.allocate(Ipv6Header.BYTES + segment);
      Ipv6Header.write(
          out,
          trafficClass,
          0,
          segment,
          IpProtocol.TCP,
          HOP_LIMIT,
          flow.localHigh(),
          flow.localLow(),
          flow.remoteHigh(),
          flow.remoteLow());
    }
    return out;
  }

  void header(ByteBuf out, Flow flow, int seq, int ack, int flags, int window, int optionBytes) {
    TcpHeader.write(out, flow.localPort(), flow.remotePort(), seq, ack, flags, window, optionBytes);
  }

  /// Sets the checksum of the segment that began at `at`.
  ByteBuf finish(ByteBuf out, int at, Flow flow) {
    int length = out.writerIndex() - at;
    long pseudoHeader = flow.pseudoHeader(length);
    if (checksumOffload) {
      out.setShort(at + CHECKSUM_AT, ~InternetChecksum.finish(pseudoHeader));
    } else {
      TcpHeader.writeChecksum(out, at, length, pseudoHeader);
    }
    return out;
  }

  /// Queues a segment without payload or options.
  void sendBare(Flow flow, int seq, int ack, int flags, int window) {
    ByteBuf out = begin(flow, 0, 0, false);
    int at = out.writerIndex();
    header(out, flow, seq, ack, flags, window, 0);
    output.offer(finish(out, at, flow));
  }

  /// Queues a segment with timestamps as its only option.
  void sendStamped(Flow flow, int seq, int ack, int flags, int window, int tsVal, int tsEcr) {
    ByteBuf out = begin(flow, 12, 0, false);
    int at = out.writerIndex();
    header(out, flow, seq, ack, flags, window, 12);
    out.writeInt(0x0101_080a);
    out.writeInt(tsVal);
    out.writeInt(tsEcr);
    output.offer(finish(out, at, flow));
  }

  /// Queues a SYN that no connection sends, and an answer to one.
  void sendSyn(
      Flow flow,
      int seq,
      int ack,
      int flags,
      int window,
      int mss,
      boolean timestamps,
      int tsVal,
      int tsEcr,
      boolean sack,
      int shift) {
    int optionBytes = SynOptions.length(timestamps, sack, shift);
    ByteBuf out = begin(flow, optionBytes, 0, false);
    int at = out.writerIndex();
    header(out, flow, seq, ack, flags, window, optionBytes);
    SynOptions.write(out, mss, timestamps, tsVal, tsEcr, sack, shift);
    output.offer(finish(out, at, flow));
  }

  /// Queues the reset that answers a segment of no connection (RFC 9293 section 3.10.7.1).
  void sendResetFor(IpPacket packet, InSegment segment) {
    Flow flow = Flow.of(packet);
    if (segment.has(TcpHeader.ACK)) {
      sendBare(flow, segment.ack, 0, TcpHeader.RST, 0);
    } else {
      sendBare(flow, 0, segment.end(), TcpHeader.RST | TcpHeader.ACK, 0);
    }
  }
}
