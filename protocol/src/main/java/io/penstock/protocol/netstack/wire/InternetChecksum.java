package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The checksum of IP, TCP, UDP and ICMP: the complement of the sum of all 16-bit words, with the
/// carries added in again (RFC 1071).
///
/// A sum is built up in a `long` accumulator that starts at 0 or at a pseudo header, takes pieces
/// and is finished by [#finish]. Carries are folded once at the end of a piece, so words can be
/// added eight bytes at a time; an accumulator has room for far more than 64 KiB. Only the last
/// piece may have an odd length.
public final class InternetChecksum {

  private static final long LOW_32 = 0xffff_ffffL;
  private static final int BLOCK_BYTES = 32;

  /// Below this a view of the memory saves little, and the pooled allocator, which keeps the views
  /// of its memory, now and then makes a new one.
  private static final int LEAST_VIEWED = 512;

  private static final VarHandle LITTLE_ENDIAN =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private InternetChecksum() {}

  /// The checksum of the bytes themselves; 0 when they hold their own right checksum.
  public static int of(ByteBuf buf, int at, int length) {
    return finish(add(0, buf, at, length));
  }

  /// Adds bytes to an accumulator.
  public static long add(long sum, ByteBuf buf, int at, int length) {
    long total = sum;
    int index = at;
    int end = at + length;
    // A derived buffer would have to make a view of its memory for this.
    if (length >= LEAST_VIEWED && buf.unwrap() == null && buf.nioBufferCount() == 1) {
      int viewed = length & -BLOCK_BYTES;
      total += sumOfBlocks(buf.internalNioBuffer(index, viewed));
      index += viewed;
    }
    for (; end - index >= 8; index += 8) {
      long word = buf.getLong(index);
      total += (word >>> 32) + (word & LOW_32);
    }
    if (end - index >= 4) {
      total += buf.getUnsignedInt(index);
      index += 4;
    }
    if (end - index >= 2) {
      total += buf.getUnsignedShort(index);
      index += 2;
    }
    if (index < end) {
      total += (long) buf.getUnsignedByte(index) << 8;
    }
    return total;
  }

  /// The sum of whole blocks, without a check of bounds and references for each of their words.
  ///
  /// RFC 1071 section 2 (B): "the sum of 16-bit integers can be computed in either byte order", so
  /// words are added as the processor likes them and two bytes are swapped at the end.
  private static long sumOfBlocks(ByteBuffer bytes) {
    long total = 0;
    int end = bytes.limit();
    for (int index = bytes.position(); index < end; index += BLOCK_BYTES) {
      long a = (long) LITTLE_ENDIAN.get(bytes, index);
      long b = (long) LITTLE_ENDIAN.get(bytes, index + 8);
      long c = (long) LITTLE_ENDIAN.get(bytes, index + 16);
      long d = (long) LITTLE_ENDIAN.get(bytes, index + 24);
      total += (a >>> 32) + (a & LOW_32) + (b >>> 32) + (b & LOW_32);
      total += (c >>> 32) + (c & LOW_32) + (d >>> 32) + (d & LOW_32);
    }
    return Short.reverseBytes((short) fold(total)) & 0xffffL;
  }

  /// An accumulator that holds the pseudo header of IPv4 (RFC 9293 section 3.1).
  public static long pseudoHeader4(int source, int destination, int protocol, int length) {
    return (source & LOW_32) + (destination & LOW_32) + protocol + length;
  }

  /// An accumulator that holds the pseudo header of IPv6 (RFC 8200 section 8.1).
  public static long pseudoHeader6(
      long sourceHigh,
      long sourceLow,
      long destinationHigh,
      long destinationLow,
      int protocol,
      int length) {
    return (sourceHigh >>> 32)
        + (sourceHigh & LOW_32)
        + (sourceLow >>> 32)
        + (sourceLow & LOW_32)
        + (destinationHigh >>> 32)
        + (destinationHigh & LOW_32)
        + (destinationLow >>> 32)
        + (destinationLow & LOW_32)
        + protocol
        + length;
  }

  /// Folds an accumulator and takes the complement: what goes into the checksum field.
  public static int finish(long sum) {
    return ~fold(sum) & 0xffff;
  }

  /// The checksum after one 16-bit word of what it covers has changed.
  ///
  /// RFC 1624 equation 3, `HC' = ~(~HC + ~m + m')`, which unlike RFC 1141 never turns a right
  /// checksum into the wrong one of the two zeros.
  public static int update(int checksum, int oldWord, int newWord) {
    return finish((~checksum & 0xffffL) + (~oldWord & 0xffffL) + (newWord & 0xffffL));
  }

  private static int fold(long sum) {
    long folded = (sum & LOW_32) + (sum >>> 32);
    folded = (folded & 0xffff) + (folded >>> 16);
    folded = (folded & 0xffff) + (folded >>> 16);
    return (int) ((folded & 0xffff) + (folded >>> 16));
  }
}
