package io.penstock.node.agent.app;

/// What the local app gets to see as its `Host`.
public sealed interface HostHeader {

  /// The host that the visitor asked for.
  record Preserve() implements HostHeader {}

  /// The host and port of the target, as if the visitor had asked there.
  record Rewrite() implements HostHeader {}

  /// A fixed value.
  record Value(String host) implements HostHeader {
    public Value {
      if (host.isEmpty() || !host.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        throw new IllegalArgumentException(
            "host header '" + host + "' is not a host name with an optional port");
      }
    }
  }

  /// Reads `preserve`, `rewrite` or a value.
  static HostHeader parse(String text) {
    return switch (text) {
      case "preserve" -> new Preserve();
      case "rewrite" -> new Rewrite();
      default -> new Value(text);
    };
  }
}
