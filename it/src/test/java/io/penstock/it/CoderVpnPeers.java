package io.penstock.it;

import java.io.IOException;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Starts the Go programs of `it/peers/codervpn`, which are built once per run.
///
/// A test class names this in [ExtendWith], so that the build, which may take minutes the first
/// time, is no part of any test's time. Where there is no `go` on the path the class is skipped,
/// unless `-Dpenstock.interop.required=true`, when it fails.
public final class CoderVpnPeers implements BeforeAllCallback {

  private static final PeerBuild BUILD = new PeerBuild("codervpn", "go");

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    BUILD.build();
  }

  /// Starts a program; it ends by itself when this JVM does.
  ///
  /// @param program one of those that `it/peers/codervpn/README.md` lists
  /// @param arguments its flags and their values, then its steps
  public static PeerProgram start(String program, String... arguments) throws IOException {
    return BUILD.start(program, arguments);
  }
}
