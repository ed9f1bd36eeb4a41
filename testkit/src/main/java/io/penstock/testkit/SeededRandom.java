package io.penstock.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// A random source that always yields the same for the same seed.
public final class SeededRandom {

  private final long seed;
  private final Random random;

  public SeededRandom(long seed) {
    this.seed = seed;
    this.random = new Random(seed);
  }

  public long seed() {
    return seed;
  }

  /// Returns a number from `low` to `high`, both included.
  public int between(int low, int high) {
    return random.nextInt(low, high + 1);
  }

  /// Returns a number from `low` to `high`, small ones as likely as large ones: the number of its
  /// binary digits is what is drawn.
  public int magnitude(int low, int high) {
    int span = high - low;
    int bits = 32 - Integer.numberOfLeadingZeros(span);
    int drawn = bits == 0 ? 0 : random.nextInt() >>> (32 - between(1, bits));
    return low + Math.min(span, drawn);
  }

  /// Returns true in `percent` of 100 cases.
  public boolean percent(int percent) {
    return random.nextInt(100) < percent;
  }

  public long nextLong() {
    return random.nextLong();
  }

  public byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  public <T> T oneOf(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  /// Cuts the bytes of `whole` into buffers at random places, often within a few bytes of each
  /// other. Takes `whole`; the caller owns the pieces, which share no memory.
  public List<ByteBuf> split(ByteBuf whole) {
    List<ByteBuf> pieces = new ArrayList<>();
    while (whole.isReadable()) {
      int length = magnitude(1, whole.readableBytes());
      ByteBuf piece = Unpooled.buffer(length, length);
      piece.writeBytes(whole, length);
      pieces.add(piece);
    }
    whole.release();
    return pieces;
  }
}
