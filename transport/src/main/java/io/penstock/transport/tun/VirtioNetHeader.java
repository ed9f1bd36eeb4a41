package io.penstock.transport.tun;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.offload.ChecksumState;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.offload.Segmentation;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.protocol.netstack.wire.UdpHeader;

/// The header that stands in front of each packet of a device with offloads: `struct
/// virtio_net_hdr` (virtio 1.3 section 5.1.6), in little-endian order.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------+---------------+-------------------------------+
/// |     flags     |   gso type    |        header length          |  0
/// +---------------+---------------+-------------------------------+
/// |  segment size (data only)     |    where checksumming starts  |  4
/// +-------------------------------+-------------------------------+
/// | the field, counted from there |                                  8
/// +-------------------------------+
/// ```
///
/// The header length is a hint for copying; from the kernel it is not to be trusted to end with the
/// headers and is ignored.
final class VirtioNetHeader {

  static final int BYTES = 10;

  static final int NEEDS_CHECKSUM = 1;
  static final int DATA_VALID = 2;

  static final int GSO_NONE = 0;
  static final int GSO_TCP4 = 1;
  static final int GSO_TCP6 = 4;
  static final int GSO_UDP = 5;

  /// Beside a TCP type: the segments carry ECN's CWR as a sender sets it, on the first only.
  static final int GSO_ECN = 0x80;

  private VirtioNetHeader() {}

  /// Reads the header at `at`, of a packet of this length.
  ///
  /// @return whether it is one that we asked for and can be true of such a packet
  static boolean read(ByteBuf buf, int at, int packetBytes, PacketMeta meta) {
    int flags = buf.getUnsignedByte(at);
    int type = buf.getUnsignedByte(at + 1) & ~GSO_ECN;
    int segmentBytes = buf.getUnsignedShortLE(at + 4);
    int start = buf.getUnsignedShortLE(at + 6);
    int offset = buf.getUnsignedShortLE(at + 8);
    boolean partial = (flags & NEEDS_CHECKSUM) != 0;
    if (type == GSO_NONE) {
      if (partial) {
        meta.setPartial(start, offset);
      } else if ((flags & DATA_VALID) != 0) {
        meta.setVerified();
      } else {
        meta.setUnverified();
      }
      return meta.fits(packetBytes);
    }
    boolean tcp = type == GSO_TCP4 || type == GSO_TCP6;
    if (!partial || segmentBytes == 0 || !(tcp || type == GSO_UDP)) {
      return false;
    }
    meta.setSuperPacket(tcp ? Segmentation.TCP : Segmentation.UDP, segmentBytes, start, offset);
    return meta.fits(packetBytes);
  }

  /// Writes the header at `at` for the packet that begins at `packetAt`, of which `meta` speaks.
  static void write(ByteBuf buf, int at, int packetAt, PacketMeta meta) {
    int flags = 0;
    if (meta.checksum() == ChecksumState.PARTIAL) {
      flags = NEEDS_CHECKSUM;
    } else if (meta.checksum() == ChecksumState.VERIFIED) {
      flags = DATA_VALID;
    }
    int type = GSO_NONE;
    int headerBytes = 0;
    int transport = packetAt + meta.checksumStart();
    if (meta.segmentation() == Segmentation.TCP) {
      boolean ipv4 = Ipv4Header.version(buf, packetAt) == 4;
      boolean reduced = (TcpHeader.flags(buf, transport) & TcpHeader.CWR) != 0;
      type = (ipv4 ? GSO_TCP4 : GSO_TCP6) | (reduced ? GSO_ECN : 0);
      headerBytes = meta.checksumStart() + TcpHeader.headerBytes(buf, transport);
    } else if (meta.segmentation() == Segmentation.UDP) {
      type = GSO_UDP;
      headerBytes = meta.checksumStart() + UdpHeader.BYTES;
    }
    buf.setByte(at, flags);
    buf.setByte(at + 1, type);
    buf.setShortLE(at + 2, headerBytes);
    buf.setShortLE(at + 4, meta.segmentBytes());
    buf.setShortLE(at + 6, meta.checksumStart());
    buf.setShortLE(at + 8, meta.checksumOffset());
  }
}
