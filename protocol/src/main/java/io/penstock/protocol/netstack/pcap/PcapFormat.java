package io.penstock.protocol.netstack.pcap;

import io.netty.buffer.ByteBuf;

/// Writes a capture of IP packets in the classic pcap format, with times in nanoseconds.
///
/// ```
/// file:   | magic, 4 | 2, 2 | 4, 2 | 0, 4 | 0, 4 | snapBytes, 4 | link type, 4 |  then packets
/// packet: | seconds, 4 | nanoseconds, 4 | captured length, 4 | length, 4 | bytes ... |
/// ```
///
/// All numbers are in the order of the network; a reader finds that out from the magic number. The
/// link type says that each packet begins with its IP header, of either version. Seconds are
/// unsigned and last until 2106.
public final class PcapFormat {

  /// How long the beginning of a file is.
  public static final int FILE_HEADER_BYTES = 24;

  /// What stands in front of each packet.
  public static final int PACKET_HEADER_BYTES = 16;

  /// Longer than any packet, and what tcpdump itself captures of each.
  public static final int DEFAULT_SNAP_BYTES = 262_144;

  private static final int MAGIC_NANOS = 0xa1b2_3c4d;
  private static final int MAJOR_VERSION = 2;
  private static final int MINOR_VERSION = 4;
  private static final int LINKTYPE_RAW = 101;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private PcapFormat() {}

  /// Appends the beginning of a file.
  ///
  /// @param snapBytes how much of a packet is captured at most
  public static void writeFileHeader(ByteBuf out, int snapBytes) {
    out.writeInt(MAGIC_NANOS);
    out.writeShort(MAJOR_VERSION);
    out.writeShort(MINOR_VERSION);
    out.writeLong(0);
    out.writeInt(snapBytes);
    out.writeInt(LINKTYPE_RAW);
  }

  /// Appends a packet, the readable bytes of `packet`, which are not consumed.
  ///
  /// @param epochNanos when it was captured, in nanoseconds since 1970
  /// @param snapBytes what the beginning of the file says
  public static void writePacket(ByteBuf out, long epochNanos, ByteBuf packet, int snapBytes) {
    int captured = Math.min(packet.readableBytes(), snapBytes);
    out.writeInt((int) Math.floorDiv(epochNanos, NANOS_PER_SECOND));
    out.writeInt((int) Math.floorMod(epochNanos, NANOS_PER_SECOND));
    out.writeInt(captured);
    out.writeInt(packet.readableBytes());
    out.writeBytes(packet, packet.readerIndex(), captured);
  }
}
