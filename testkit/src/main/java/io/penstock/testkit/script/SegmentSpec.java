package io.penstock.testkit.script;

import java.util.List;
import java.util.Map;

/// A segment as a script writes it: what to send, or what to expect.
///
/// @param seq relative; [#ANY] when it does not matter
/// @param ack relative; [#ANY] when it is not written
/// @param window as it stands in the header; [#ANY] when it is not written
/// @param options each with its words
/// @param hasOptions whether a list is written at all
/// @param more whether the list ends with `...`
/// @param modifiers each with its value, empty without one
record SegmentSpec(
    String flags,
    long seq,
    int payloadBytes,
    long ack,
    long window,
    List<List<String>> options,
    boolean hasOptions,
    boolean more,
    Map<String, String> modifiers) {

  static final long ANY = Long.MIN_VALUE;

  int flagBits() {
    int bits = 0;
    for (int i = 0; i < flags.length(); i++) {
      bits |= TcpPacket.flagOf(flags.charAt(i));
    }
    return bits;
  }

  boolean has(String modifier) {
    return modifiers.containsKey(modifier);
  }

  int value(String modifier, int otherwise) {
    String text = modifiers.get(modifier);
    return text == null ? otherwise : Integer.parseInt(text);
  }
}
