package io.penstock.it.overlay;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.it.tun.NetworkNamespace;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.CopyOnWriteArrayList;

/// A DNS server on a loopback address that knows no name and writes down what it is asked, and the
/// way to make it the only one of a program: a mount namespace in which `/etc/resolv.conf` and
/// `/etc/nsswitch.conf` are files of the test. It needs root, and skips the test as
/// [NetworkNamespace] does.
public final class WatchedDns implements AutoCloseable {

  private static final InetAddress ADDRESS = InetAddress.ofLiteral("127.86.0.53");
  private static final int PORT = 53;

  /// Response, recursion desired and available, no such name (RFC 1035, section 4.1.1).
  private static final byte[] NO_SUCH_NAME = {(byte) 0x81, (byte) 0x83};

  private static final int HEADER_BYTES = 12;

  private final DatagramSocket socket;
  private final Path directory;
  private final List<String> asked = new CopyOnWriteArrayList<>();

  private WatchedDns(DatagramSocket socket, Path directory) {
    this.socket = socket;
    this.directory = directory;
  }

  /// Starts one, with files in a directory.
  public static WatchedDns start(Path directory) throws Exception {
    NetworkNamespace.requireProgram("unshare");
    NetworkNamespace.create().close(); // skips without the permission to make namespaces
    Files.writeString(
        directory.resolve("resolv.conf"),
        "nameserver %s\noptions timeout:1 attempts:1\n".formatted(ADDRESS.getHostAddress()));
    Files.writeString(directory.resolve("nsswitch.conf"), "hosts: files dns\n");
    WatchedDns dns =
        new WatchedDns(new DatagramSocket(new InetSocketAddress(ADDRESS, PORT)), directory);
    Thread.ofVirtual().start(dns::answer);
    return dns;
  }

  private void answer() {
    byte[] buffer = new byte[512];
    while (!socket.isClosed()) {
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      try {
        socket.receive(packet);
        asked.add(question(packet));
        System.arraycopy(NO_SUCH_NAME, 0, buffer, 2, NO_SUCH_NAME.length);
        socket.send(packet);
      } catch (SocketException _) {
        return; // The test is over.
      } catch (IOException e) {
        asked.add(e.toString());
      }
    }
  }

  /// The name in the question (RFC 1035, section 4.1.2).
  private static String question(DatagramPacket packet) {
    byte[] bytes = packet.getData();
    StringJoiner name = new StringJoiner(".");
    int at = HEADER_BYTES;
    while (at < packet.getLength() && bytes[at] > 0 && at + bytes[at] < packet.getLength()) {
      name.add(new String(bytes, at + 1, bytes[at], US_ASCII));
      at += 1 + bytes[at];
    }
    return name.toString();
  }

  /// What stands before a program whose only DNS server this is to be.
  public List<String> command() {
    String mounts =
        "mount --bind '%1$s/resolv.conf' /etc/resolv.conf && mount --bind '%1$s/nsswitch.conf' /etc/nsswitch.conf"
            .formatted(directory);
    return List.of("unshare", "--mount", "sh", "-c", mounts + " && exec \"$@\"", "sh");
  }

  /// The names that were asked for, in order; a name comes once for each version of IP.
  public List<String> asked() {
    return asked;
  }

  @Override
  public void close() {
    socket.close();
  }
}
