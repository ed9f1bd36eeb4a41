package io.penstock.it;

import java.io.IOException;

/// Starts the Go programs of `it/peers/go`, which are built once per run.
///
/// Where there is no `go` on the path the calling test is skipped, unless
/// `-Dpenstock.interop.required=true`, when it fails.
public final class GoPeers {

  private static final PeerBuild BUILD = new PeerBuild("go", "go");

  private GoPeers() {}

  /// Starts a program; it ends by itself when this JVM does.
  ///
  /// @param program one of those that `it/peers/go/README.md` lists
  /// @param arguments its flags and their values
  public static PeerProgram start(String program, String... arguments) throws IOException {
    return BUILD.start(program, arguments);
  }
}
