package io.penstock.it.overlay;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/// The sockets of a process as the kernel sees them from outside (proc(5)): those of its
/// descriptors that are bound or connected.
final class ProcessSockets {

  /// What a socket can be.
  enum Kind {
    TCP,
    UDP,
    UNIX
  }

  /// One socket.
  ///
  /// @param inode that tells it from others
  /// @param local address; that of no address and port 0 for a Unix socket
  /// @param remote address; that of no address and port 0 if it is not connected
  /// @param path of a Unix socket, or empty
  record Open(
      Kind kind,
      String inode,
      boolean listening,
      InetSocketAddress local,
      InetSocketAddress remote,
      String path) {}

  private static final InetSocketAddress NONE = new InetSocketAddress(0);

  private static final String TCP_LISTEN = "0A";

  /// The flag of a socket that listens (`__SO_ACCEPTCON` of the kernel).
  private static final String UNIX_LISTEN = "00010000";

  private ProcessSockets() {}

  /// The sockets that are open now.
  static Set<Open> of(long pid) throws IOException {
    Path process = Path.of("/proc", Long.toString(pid));
    Set<String> inodes = inodes(process.resolve("fd"));
    Set<Open> open = new HashSet<>();
    for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
      Kind kind = table.startsWith("tcp") ? Kind.TCP : Kind.UDP;
      for (String[] row : rows(process.resolve("net").resolve(table))) {
        if (inodes.contains(row[9])) {
          open.add(
              new Open(
                  kind, row[9], row[3].equals(TCP_LISTEN), address(row[1]), address(row[2]), ""));
        }
      }
    }
    for (String[] row : rows(process.resolve("net/unix"))) {
      if (inodes.contains(row[6])) {
        open.add(
            new Open(
                Kind.UNIX,
                row[6],
                row[3].equals(UNIX_LISTEN),
                NONE,
                NONE,
                row.length > 7 ? row[7] : ""));
      }
    }
    return open;
  }

  private static Set<String> inodes(Path descriptors) throws IOException {
    Set<String> inodes = new HashSet<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(descriptors)) {
      for (Path descriptor : all) {
        try {
          String target = Files.readSymbolicLink(descriptor).toString();
          if (target.startsWith("socket:[")) {
            inodes.add(target.substring("socket:[".length(), target.length() - 1));
          }
        } catch (NoSuchFileException _) {
          // It was closed meanwhile.
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return inodes;
  }

  private static List<String[]> rows(Path table) throws IOException {
    return Files.readAllLines(table).stream()
        .skip(1)
        .map(line -> line.strip().split("\\s+"))
        .toList();
  }

  /// An address such as `0100007F:1F90`, in words of the order of an amd64 processor.
  private static InetSocketAddress address(String text) throws UnknownHostException {
    int colon = text.indexOf(':');
    byte[] bytes = HexFormat.of().parseHex(text.substring(0, colon));
    ByteBuffer words = ByteBuffer.wrap(bytes);
    for (int i = 0; i < bytes.length; i += Integer.BYTES) {
      words.putInt(i, Integer.reverseBytes(words.getInt(i)));
    }
    return new InetSocketAddress(
        InetAddress.getByAddress(bytes), Integer.parseInt(text.substring(colon + 1), 16));
  }
}
