package io.penstock.node.name;

import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;

/// The names without a dot that this machine has given itself: `localhost`, its host name, and
/// those in its hosts file. No peer takes their place.
///
/// The file is read each time, as it may change; that is once for each lookup that the JDK does not
/// remember, and only while a node may answer it.
final class OwnNames {

  private static final String LOCALHOST = "localhost";
  private static final String UNIX = "/etc/hosts";
  private static final String WINDOWS = "System32/drivers/etc/hosts";

  /// More is no file that a person keeps.
  private static final int MAX_BYTES = 1 << 20;

  /// Says what the machine is called.
  @FunctionalInterface
  interface HostName {
    String get() throws UnknownHostException;
  }

  private final HostName hostName;
  private final Path hostsFile;

  OwnNames(HostName hostName, Path hostsFile) {
    this.hostName = hostName;
    this.hostsFile = hostsFile;
  }

  static OwnNames of(HostName hostName) {
    String windows = System.getenv("SystemRoot");
    return new OwnNames(
        hostName, windows == null ? Path.of(UNIX) : Path.of(windows).resolve(WINDOWS));
  }

  /// @param name in lower case
  boolean contain(String name) {
    return name.equals(LOCALHOST) || isHostName(name) || inHostsFile().anyMatch(name::equals);
  }

  private boolean isHostName(String name) {
    try {
      String own = hostName.get().toLowerCase(Locale.ROOT);
      return own.equals(name) || own.startsWith(name + ".");
    } catch (UnknownHostException _) {
      return false;
    }
  }

  private Stream<String> inHostsFile() {
    try {
      if (Files.size(hostsFile) > MAX_BYTES) {
        return Stream.empty();
      }
      return new String(Files.readAllBytes(hostsFile), StandardCharsets.ISO_8859_1)
          .lines()
          .flatMap(OwnNames::names)
          .map(name -> name.toLowerCase(Locale.ROOT));
    } catch (IOException _) {
      return Stream.empty();
    }
  }

  /// An address, its names, and perhaps a comment (hosts(5)).
  private static Stream<String> names(String line) {
    int comment = line.indexOf('#');
    String entry = (comment < 0 ? line : line.substring(0, comment)).strip();
    return Arrays.stream(entry.split("\\s+")).skip(1);
  }
}
