package io.penstock.protocol.netstack.tcp;

/// SipHash-2-4, a keyed hash of 64-bit words (Aumasson and Bernstein, 2012).
///
/// The words count as their eight bytes, little-endian; the message has no odd bytes at its end.
final class SipHash {

  private long v0;
  private long v1;
  private long v2;
  private long v3;
  private int words;

  SipHash(long key0, long key1) {
    v0 = key0 ^ 0x736f_6d65_7073_6575L;
    v1 = key1 ^ 0x646f_7261_6e64_6f6dL;
    v2 = key0 ^ 0x6c79_6765_6e65_7261L;
    v3 = key1 ^ 0x7465_6462_7974_6573L;
  }

  void add(long word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
    words++;
  }

  long finish() {
    // the last word holds the length in bytes, modulo 256, in its highest byte
    add((long) (words << 3) << 56);
    v2 ^= 0xff;
    round();
    round();
    round();
    round();
    return v0 ^ v1 ^ v2 ^ v3;
  }

  private void round() {
    v0 += v1;
    v1 = Long.rotateLeft(v1, 13) ^ v0;
    v0 = Long.rotateLeft(v0, 32);
    v2 += v3;
    v3 = Long.rotateLeft(v3, 16) ^ v2;
    v0 += v3;
    v3 = Long.rotateLeft(v3, 21) ^ v0;
    v2 += v1;
    v1 = Long.rotateLeft(v1, 17) ^ v2;
    v2 = Long.rotateLeft(v2, 32);
  }
}
