package io.penstock.protocol.snaptun;

/// Beyond the original: one of several wanted addresses that was not given.
///
/// @param index its place in the request, from 0
/// @param why a few words for the node's user, printable ASCII
public record Refusal(int index, String why) {

  /// The longest text, so that [SnapTun#MAX_ADDRESSES] of them fit into a response.
  public static final int MAX_CHARS = 80;

  /// Keeps what of `why` can stand in a header.
  public Refusal {
    if (index < 0) {
      throw new IllegalArgumentException("index is " + index + ", allowed is 0 or more");
    }
    StringBuilder text = new StringBuilder(MAX_CHARS);
    why.chars()
        .limit(MAX_CHARS)
        .map(c -> c >= ' ' && c < 0x7f ? c : '?')
        .forEach(c -> text.append((char) c));
    why = text.toString().strip();
  }
}
