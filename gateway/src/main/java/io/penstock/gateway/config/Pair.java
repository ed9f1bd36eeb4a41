package io.penstock.gateway.config;

import io.penstock.api.config.Requirements;
import java.nio.file.Path;
import java.util.Optional;

/// The rule that a certificate and its key are configured together.
final class Pair {

  private Pair() {}

  static void require(Requirements requirements, Optional<Path> certificate, Optional<Path> key) {
    requirements
        .that(
            certificate.isPresent() || key.isEmpty(),
            "certificate",
            "off",
            "a PEM file, because key is set")
        .that(
            key.isPresent() || certificate.isEmpty(),
            "key",
            "off",
            "a PEM file, because certificate is set");
  }
}
