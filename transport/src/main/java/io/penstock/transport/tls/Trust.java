package io.penstock.transport.tls;

import java.nio.file.Path;

/// How a client decides that the server is the one it wants.
public sealed interface Trust {

  /// The certificate authorities that the JDK trusts; the server's name is checked.
  record SystemRoots() implements Trust {}

  /// The authorities in a PEM file, and no others; the server's name is checked.
  record CaFile(Path file) implements Trust {}

  /// Whoever holds a chain to the authority with this key; the name is not checked, as the key says
  /// more than a name could.
  record Pinned(Fingerprint fingerprint) implements Trust {}

  /// Anybody. The connection can be read and changed by whoever sits between.
  record Anybody() implements Trust {}

  /// Whether the server's name has to be in its certificate.
  default boolean checksName() {
    return switch (this) {
      case SystemRoots _, CaFile _ -> true;
      case Pinned _, Anybody _ -> false;
    };
  }
}
