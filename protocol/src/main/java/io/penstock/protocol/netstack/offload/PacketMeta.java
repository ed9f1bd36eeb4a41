package io.penstock.protocol.netstack.offload;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.InternetChecksum;

/// What is known about a packet besides its bytes: the state of its checksum, and whether it is a
/// super packet that stands for several on the wire.
///
/// An object is made once, belongs to one thread and is set for packet after packet. Who is handed
/// one reads it during the call and keeps nothing of it but by [#set]. Offsets count from the first
/// byte of the IP header.
public final class PacketMeta {

  private static final int CHECKSUM_FIELD_BYTES = 2;

  private ChecksumState checksum = ChecksumState.UNVERIFIED;
  private Segmentation segmentation = Segmentation.NONE;
  private int checksumStart;
  private int checksumOffset;
  private int segmentBytes;

  /// Says of a packet that nothing is known.
  public PacketMeta() {}

  /// One packet whose checksum is in place but not verified: what comes from a wire.
  public void setUnverified() {
    reset(ChecksumState.UNVERIFIED);
  }

  /// One packet whose checksum is right: what the stack has made itself, or has looked at.
  public void setVerified() {
    reset(ChecksumState.VERIFIED);
  }

  /// One packet whose checksum covers what begins at `start`, has its field `offset` bytes further
  /// and lacks the sum of the data.
  public void setPartial(int start, int offset) {
    if (start < 0 || offset < 0) {
      throw new IllegalArgumentException("no place of a checksum: " + start + ", " + offset);
    }
    reset(ChecksumState.PARTIAL);
    checksumStart = start;
    checksumOffset = offset;
  }

  /// A super packet, to be split into segments with this much data each; its checksum is partial.
  public void setSuperPacket(Segmentation kind, int segmentBytes, int start, int offset) {
    if (kind == Segmentation.NONE || segmentBytes <= 0) {
      throw new IllegalArgumentException("no super packet: " + kind + ", " + segmentBytes);
    }
    setPartial(start, offset);
    this.segmentation = kind;
    this.segmentBytes = segmentBytes;
  }

  /// Takes over all that `other` says.
  public void set(PacketMeta other) {
    checksum = other.checksum;
    segmentation = other.segmentation;
    checksumStart = other.checksumStart;
    checksumOffset = other.checksumOffset;
    segmentBytes = other.segmentBytes;
  }

  private void reset(ChecksumState state) {
    checksum = state;
    segmentation = Segmentation.NONE;
    checksumStart = 0;
    checksumOffset = 0;
    segmentBytes = 0;
  }

  public ChecksumState checksum() {
    return checksum;
  }

  public Segmentation segmentation() {
    return segmentation;
  }

  /// Says whether the packet stands for several.
  public boolean isSuperPacket() {
    return segmentation != Segmentation.NONE;
  }

  /// Says whether any link takes the packet as it is.
  public boolean isComplete() {
    return checksum != ChecksumState.PARTIAL && segmentation == Segmentation.NONE;
  }

  /// How much data behind the transport header each segment of a super packet carries, the last one
  /// at most; else 0.
  public int segmentBytes() {
    return segmentBytes;
  }

  /// Where what a partial checksum covers begins: the transport header.
  public int checksumStart() {
    return checksumStart;
  }

  /// How far behind [#checksumStart] the field of a partial checksum is.
  public int checksumOffset() {
    return checksumOffset;
  }

  /// Says whether a partial checksum has its field inside of a packet of this length.
  public boolean fits(int packetBytes) {
    return checksum != ChecksumState.PARTIAL
        || (long) checksumStart + checksumOffset + CHECKSUM_FIELD_BYTES <= packetBytes;
  }

  /// Puts the sum of the data into a partial checksum of the packet that fills the readable bytes;
  /// this then says that the checksum is right. Only for what is no super packet.
  public void completeChecksum(ByteBuf packet) {
    int bytes = packet.readableBytes();
    if (checksum != ChecksumState.PARTIAL || isSuperPacket() || !fits(bytes)) {
      throw new IllegalStateException("no partial checksum of one packet: " + this);
    }
    int at = packet.readerIndex() + checksumStart;
    int sum = InternetChecksum.finish(InternetChecksum.add(0, packet, at, bytes - checksumStart));
    // RFC 768: a UDP checksum of 0 means none; the other zero is as good to TCP.
    packet.setShort(at + checksumOffset, sum == 0 ? 0xffff : sum);
    setVerified();
  }

  /// What a partial checksum has in its field: the folded sum of a pseudo header, which is one of
  /// [InternetChecksum]'s.
  public static int partialChecksum(long pseudoHeader) {
    return InternetChecksum.finish(pseudoHeader) ^ 0xffff;
  }

  @Override
  public String toString() {
    return isSuperPacket()
        ? "%s in segments of %d bytes".formatted(segmentation, segmentBytes)
        : "checksum " + checksum;
  }
}
