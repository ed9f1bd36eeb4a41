package io.penstock.gateway.config;

import io.penstock.api.HostPort;
import io.penstock.transport.tls.Fingerprint;
import java.util.Optional;

/// Where a running gateway's admin API is, as its data directory tells commands on the same
/// machine: `http://127.0.0.1:7070`, or `https://127.0.0.1:7070 sha256:…` with the fingerprint of
/// the certificate that it shows.
///
/// The fingerprint is there because the certificate names the gateway and seldom the address to
/// which the listener is bound.
///
/// @param address the bound one
/// @param certificate the fingerprint of its own certificate, if it speaks TLS
public record AdminAddress(HostPort address, Optional<Fingerprint> certificate) {

  private static final String PLAIN = "http://";
  private static final String SECURE = "https://";

  /// Reads what [#toString] writes.
  ///
  /// @throws IllegalArgumentException when it is something else
  public static AdminAddress parse(String text) {
    String[] words = text.split(" ", -1);
    if (words.length == 1 && text.startsWith(PLAIN)) {
      return new AdminAddress(HostPort.parse(text.substring(PLAIN.length())), Optional.empty());
    }
    if (words.length == 2 && text.startsWith(SECURE)) {
      return new AdminAddress(
          HostPort.parse(words[0].substring(SECURE.length())),
          Optional.of(Fingerprint.parse(words[1])));
    }
    throw new IllegalArgumentException(
        "\"%s\" is no admin address, allowed is http://HOST:PORT or https://HOST:PORT sha256:HEX"
            .formatted(text));
  }

  /// The URL at which the API is.
  public String url() {
    return (certificate.isPresent() ? SECURE : PLAIN) + address;
  }

  @Override
  public String toString() {
    return url() + certificate.map(it -> " " + it).orElse("");
  }
}
