package io.penstock.node.serve;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/// What one overlay port serves; two that are equal serve the same.
public sealed interface ServedPort {

  /// How a port speaks, which does not change in place but through the library.
  enum Type {
    HTTPS("HTTPS"),
    HTTP("HTTP"),
    TCP("TCP"),
    TLS_TERMINATED_TCP("TLS-terminated TCP");

    private final String text;

    Type(String text) {
      this.text = text;
    }

    /// As a message says it.
    public String text() {
      return text;
    }
  }

  Type type();

  /// The names for which there has to be a certificate.
  Collection<String> certificateNames();

  /// HTTP, by host.
  ///
  /// @param tls whether TLS comes first
  /// @param byHost the mounts of each host, in lower case
  record Web(boolean tls, SortedMap<String, ServeTarget.Mounts> byHost) implements ServedPort {

    @Override
    public Type type() {
      return tls ? Type.HTTPS : Type.HTTP;
    }

    @Override
    public Collection<String> certificateNames() {
      return tls ? byHost.keySet() : List.of();
    }
  }

  /// Bytes.
  ///
  /// @param tlsName under which TLS ends here, if it does
  record Bytes(Optional<String> tlsName, ServeTarget.OfConnection target) implements ServedPort {

    @Override
    public Type type() {
      return tlsName.isPresent() ? Type.TLS_TERMINATED_TCP : Type.TCP;
    }

    @Override
    public Collection<String> certificateNames() {
      return tlsName.map(List::of).orElse(List.of());
    }
  }
}
