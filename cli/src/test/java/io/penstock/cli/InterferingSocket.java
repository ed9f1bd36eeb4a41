package io.penstock.cli;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/// A Unix socket in front of the local API of a node, where somebody else is faster each time that
/// a command wants to change something: what it does comes between the command's reading and its
/// first writes.
final class InterferingSocket implements AutoCloseable {

  private static final String SOCKET = "node.sock";

  /// Does what somebody else does meanwhile.
  interface Interference {
    void run() throws Exception;
  }

  private final ServerSocketChannel listener;
  private final Path behind;
  private final Interference interference;
  private final int times;
  private final AtomicInteger changes = new AtomicInteger();

  private InterferingSocket(
      ServerSocketChannel listener, Path behind, int times, Interference interference) {
    this.listener = listener;
    this.behind = behind;
    this.times = times;
    this.interference = interference;
  }

  /// Listens in a directory that it makes.
  ///
  /// @param node the state directory of the real node
  /// @param times how many changes are interfered with
  static InterferingSocket in(Path state, Path node, int times, Interference interference)
      throws IOException {
    Files.createDirectories(state);
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(state.resolve(SOCKET)));
    InterferingSocket socket =
        new InterferingSocket(listener, node.resolve(SOCKET), times, interference);
    Thread.startVirtualThread(socket::accept);
    return socket;
  }

  /// How many changes the command has tried.
  int changes() {
    return changes.get();
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel command = listener.accept();
        Thread.startVirtualThread(() -> pass(command));
      }
    } catch (IOException _) {
      // The test is over.
    }
  }

  private void pass(SocketChannel command) {
    try (command;
        SocketChannel node = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      ByteBuffer first = ByteBuffer.allocate(64 * 1024);
      command.read(first);
      if (StandardCharsets.US_ASCII.decode(first.flip().duplicate()).toString().startsWith("POST")
          && changes.incrementAndGet() <= times) {
        interference.run();
      }
      node.connect(UnixDomainSocketAddress.of(behind));
      node.write(first);
      Thread.startVirtualThread(() -> copy(command, node));
      copy(node, command);
    } catch (Exception e) {
      throw new IllegalStateException("the test's own doing failed", e);
    }
  }

  private static void copy(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
    try {
      while (from.read(buffer.clear()) >= 0) {
        to.write(buffer.flip());
      }
      to.shutdownOutput();
    } catch (IOException _) {
      // One of both is gone, and the other notices.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
