package io.penstock.cli;

import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// How this program starts itself once more, as the tunnel of a manager.
final class TunnelProgram {

  private TunnelProgram() {}

  /// The command up to where options of `penstock tunnel` may be added; the gateway is known to it
  /// as it is known here.
  static List<String> command(Console console, Trust trust) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dio.netty.leakDetection.level=disabled",
                "-Duser.home=" + console.home()));
    console
        .variable("PENSTOCK_JAVA_OPTS")
        .ifPresent(options -> command.addAll(List.of(options.strip().split("\\s+"))));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), Penstock.class.getName(), "tunnel"));
    switch (trust) {
      case Trust.Pinned(Fingerprint pin) ->
          command.addAll(List.of("--fingerprint", pin.toString()));
      case Trust.CaFile(Path file) ->
          command.addAll(List.of("--ca", file.toAbsolutePath().toString()));
      case Trust.Anybody _ -> command.add("--insecure-skip-verify");
      case Trust.SystemRoots _ -> {
        // The default.
      }
    }
    return command;
  }
}
