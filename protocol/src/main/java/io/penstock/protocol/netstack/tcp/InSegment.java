package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// A segment that has arrived, with its options read; one object is pointed at one after the other.
///
/// The header has been checked by [IpPacket#parse]. An option list that breaks off counts as far as
/// it goes (RFC 9293 MUST-7: an illegal length must not crash anybody).
final class InSegment {

  private static final int OPTION_END = 0;
  private static final int OPTION_NOP = 1;
  private static final int OPTION_MSS = 2;
  private static final int OPTION_WINDOW_SCALE = 3;
  private static final int OPTION_SACK_PERMITTED = 4;
  private static final int OPTION_SACK = 5;
  private static final int OPTION_TIMESTAMPS = 8;
  private static final int MAX_SACK_BLOCKS = 4;

  /// RFC 7323 section 2.3: a larger shift is taken as this one.
  private static final int MAX_WINDOW_SHIFT = 14;

  /// NOP, NOP, timestamps, 10: how nearly every segment's options begin.
  private static final int USUAL_TIMESTAMPS = 0x0101080a;

  int seq;
  int ack;
  int flags;

  /// As it stands there, not scaled.
  int window;

  int payloadAt;
  int payloadBytes;
  boolean congestionExperienced;
  boolean hasTimestamps;
  int tsVal;
  int tsEcr;

  /// -1 without the option.
  int mss;

  /// -1 without the option.
  int windowShift;

  boolean sackPermitted;
  int sackBlocks;
  final int[] sackStart = new int[MAX_SACK_BLOCKS];
  final int[] sackEnd = new int[MAX_SACK_BLOCKS];

  static boolean isChecksumRight(IpPacket packet, ByteBuf buf) {
    int bytes = packet.transportBytes();
    long pseudoHeader = packet.pseudoHeader(IpProtocol.TCP, bytes);
    return InternetChecksum.finish(
            InternetChecksum.add(pseudoHeader, buf, packet.transportAt(), bytes))
        == 0;
  }

  void parse(IpPacket packet, ByteBuf buf) {
    int at = packet.transportAt();
    seq = TcpHeader.sequenceNumber(buf, at);
    ack = TcpHeader.acknowledgmentNumber(buf, at);
    flags = TcpHeader.flags(buf, at);
    window = TcpHeader.window(buf, at);
    int header = TcpHeader.headerBytes(buf, at);
    payloadAt = at + header;
    payloadBytes = packet.transportBytes() - header;
    congestionExperienced = (packet.trafficClass(buf) & 3) == 3;
    hasTimestamps = false;
    mss = -1;
    windowShift = -1;
    sackPermitted = false;
    sackBlocks = 0;
    if (header > TcpHeader.MIN_BYTES) {
      parseOptions(buf, at + TcpHeader.MIN_BYTES, at + header);
    }
  }

  private void parseOptions(ByteBuf buf, int from, int end) {
    int at = from;
    if (end - at >= 12 && buf.getInt(at) == USUAL_TIMESTAMPS) {
      readTimestamps(buf, at + 2);
      at += 12;
    }
    while (at < end) {
      int kind = buf.getUnsignedByte(at);
      if (kind == OPTION_END) {
        return;
      }
      if (kind == OPTION_NOP) {
        at++;
        continue;
      }
      int length = at + 1 < end ? buf.getUnsignedByte(at + 1) : 0;
      if (length < 2 || at + length > end) {
        return;
      }
      readOption(buf, at, kind, length);
      at += length;
    }
  }

  private void readOption(ByteBuf buf, int at, int kind, int length) {
    switch (kind) {
      case OPTION_MSS -> {
        if (length == 4) {
          mss = buf.getUnsignedShort(at + 2);
        }
      }
      case OPTION_WINDOW_SCALE -> {
        if (length == 3) {
          windowShift = Math.min(MAX_WINDOW_SHIFT, buf.getUnsignedByte(at + 2));
        }
      }
      case OPTION_SACK_PERMITTED -> sackPermitted |= length == 2;
      case OPTION_SACK -> readSack(buf, at + 2, (length - 2) / 8);
      case OPTION_TIMESTAMPS -> {
        if (length == 10) {
          readTimestamps(buf, at);
        }
      }
      default -> {
        // RFC 9293 MUST-6: options that we do not know are skipped
      }
    }
  }

  private void readTimestamps(ByteBuf buf, int at) {
    hasTimestamps = true;
    tsVal = buf.getInt(at + 2);
    tsEcr = buf.getInt(at + 6);
  }

  private void readSack(ByteBuf buf, int at, int blocks) {
    sackBlocks = Math.min(MAX_SACK_BLOCKS, blocks);
    for (int i = 0; i < sackBlocks; i++) {
      sackStart[i] = buf.getInt(at + 8 * i);
      sackEnd[i] = buf.getInt(at + 8 * i + 4);
    }
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /// How much sequence space the segment takes: its bytes, and one each for SYN and FIN.
  int length() {
    return payloadBytes + (has(TcpHeader.SYN) ? 1 : 0) + (has(TcpHeader.FIN) ? 1 : 0);
  }

  int end() {
    return seq + length();
  }

  /// Drops the first bytes, which have come before.
  void trimFront(int bytes) {
    seq += bytes;
    payloadAt += bytes;
    payloadBytes -= bytes;
  }
}
