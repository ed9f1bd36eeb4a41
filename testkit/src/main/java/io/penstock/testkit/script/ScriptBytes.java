package io.penstock.testkit.script;

/// The bytes of every stream of a script: each follows from its place.
public final class ScriptBytes {

  private ScriptBytes() {}

  /// The byte at a place of the stream, 0 for the first.
  public static byte at(long place) {
    return (byte) (place * 31 + (place >>> 8) * 17 + 7);
  }

  public static byte[] of(long place, int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = at(place + i);
    }
    return bytes;
  }
}
