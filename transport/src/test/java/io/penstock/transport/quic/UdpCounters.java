package io.penstock.transport.quic;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// How many UDP packets the system has lost at full socket buffers, for all sockets together.
final class UdpCounters {

  private static final Path SNMP = Path.of("/proc/net/snmp");

  private UdpCounters() {}

  /// Zero where the system does not tell.
  static long lost() {
    if (!Files.isReadable(SNMP)) {
      return 0;
    }
    try {
      List<String> udp =
          Files.readAllLines(SNMP).stream().filter(line -> line.startsWith("Udp:")).toList();
      List<String> names = List.of(udp.getFirst().split(" ", -1));
      String[] values = udp.get(1).split(" ", -1);
      return Long.parseLong(values[names.indexOf("RcvbufErrors")])
          + Long.parseLong(values[names.indexOf("SndbufErrors")]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
