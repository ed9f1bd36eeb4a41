package io.penstock.it.netstack.script;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The connections of the network namespace that the calling thread is in, as
/// `/proc/thread-self/net/tcp` lists them.
///
/// A connection whose program has closed it, and one in TIME-WAIT, has no socket to be asked; it is
/// here all the same.
final class KernelTable {

  private static final Path NET = Path.of("/proc/thread-self/net");

  /// The names that RFC 9293 has for the states, by the numbers of the kernel.
  private static final List<String> STATES =
      List.of(
          "NONE",
          "ESTABLISHED",
          "SYN_SENT",
          "SYN_RECEIVED",
          "FIN_WAIT_1",
          "FIN_WAIT_2",
          "TIME_WAIT",
          "CLOSED",
          "CLOSE_WAIT",
          "LAST_ACK",
          "LISTEN",
          "CLOSING",
          "SYN_RECEIVED");

  /// One connection.
  ///
  /// @param unreadBytes what the program may read, the peer's FIN counting as one
  record Row(int localPort, int remotePort, String state, int unreadBytes) {}

  private KernelTable() {}

  /// All that is no listener.
  static List<Row> connections() throws IOException {
    List<Row> rows = new ArrayList<>();
    for (String file : List.of("tcp", "tcp6")) {
      Path path = NET.resolve(file);
      if (Files.exists(path)) {
        Files.readAllLines(path).stream()
            .skip(1)
            .map(KernelTable::row)
            .filter(row -> !row.state().equals("LISTEN"))
            .forEach(rows::add);
      }
    }
    return rows;
  }

  private static Row row(String line) {
    String[] words = line.strip().split("\\s+", -1);
    return new Row(
        port(words[1]),
        port(words[2]),
        STATES.get(Integer.parseInt(words[3], 16)),
        Integer.parseInt(words[4].substring(words[4].indexOf(':') + 1), 16));
  }

  private static int port(String endpoint) {
    return Integer.parseInt(endpoint.substring(endpoint.lastIndexOf(':') + 1), 16);
  }

  static Optional<Row> toPort(int remotePort) throws IOException {
    return connections().stream().filter(row -> row.remotePort() == remotePort).findFirst();
  }

  static long timeWaitCount() throws IOException {
    return connections().stream().filter(row -> row.state().equals("TIME_WAIT")).count();
  }

  static long connectionCount() throws IOException {
    return connections().size() - timeWaitCount();
  }

  /// A counter of `/proc/net/netstat`.
  static long counter(String name) throws IOException {
    List<String> lines = Files.readAllLines(NET.resolve("netstat"));
    for (int i = 0; i < lines.size(); i += 2) {
      List<String> names = List.of(lines.get(i).split(" ", -1));
      int at = names.indexOf(name);
      if (at > 0) {
        return Long.parseLong(lines.get(i + 1).split(" ", -1)[at]);
      }
    }
    throw new IOException("the kernel has no counter " + name);
  }
}
