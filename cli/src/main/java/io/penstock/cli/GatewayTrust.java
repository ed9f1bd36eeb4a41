package io.penstock.cli;

import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The options of which one says how a gateway is known.
final class GatewayTrust {

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description = "Trust the authorities in this PEM file (default: the system's).")
  private Optional<Path> ca = Optional.empty();

  @Option(
      names = "--fingerprint",
      paramLabel = "sha256:HEX",
      description = "Trust the gateway whose authority has this key, as the gateway prints it.")
  private Optional<Fingerprint> fingerprint = Optional.empty();

  @Option(
      names = "--insecure-skip-verify",
      description = "Trust whoever answers. Anybody on the way can read and change everything.")
  private boolean skip;

  private boolean given() {
    return ca.isPresent() || fingerprint.isPresent() || skip;
  }

  /// What was given, or else what was remembered, or else the system's authorities.
  Trust resolve(Console console, Login known) {
    if (skip) {
      console.warn(
          "the gateway is not verified: anybody on the way can read and change everything");
      return new Trust.Anybody();
    }
    if (given()) {
      return fingerprint
          .<Trust>map(Trust.Pinned::new)
          .orElseGet(() -> new Trust.CaFile(ca.orElseThrow()));
    }
    if (known.fingerprint().isPresent()) {
      return new Trust.Pinned(Fingerprint.parse(known.fingerprint().get()));
    }
    return known.ca().<Trust>map(Trust.CaFile::new).orElseGet(Trust.SystemRoots::new);
  }
}
