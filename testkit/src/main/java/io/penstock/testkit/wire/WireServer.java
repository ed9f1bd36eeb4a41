package io.penstock.testkit.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// A listening TCP socket on loopback whose connections a test plays itself, one by one or by a
/// script for each.
public final class WireServer implements AutoCloseable {

  private static final int ACCEPT_LIMIT_MILLIS = 20_000;
  private static final int BACKLOG = 512;

  private final ServerSocket server;
  private final List<WireSocket> accepted = new CopyOnWriteArrayList<>();
  private final AtomicInteger count = new AtomicInteger();

  private WireServer(ServerSocket server) {
    this.server = server;
  }

  /// Listens on a free port; connections wait for [#accept].
  public static WireServer start() {
    try {
      ServerSocket server = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
      server.setSoTimeout(ACCEPT_LIMIT_MILLIS);
      return new WireServer(server);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Listens on a free port and plays `script` on each connection, on a virtual thread of its own;
  /// the connection is closed after it.
  public static WireServer start(Consumer<WireSocket> script) {
    WireServer server = start();
    Thread.startVirtualThread(() -> server.serve(script));
    return server;
  }

  public int port() {
    return server.getLocalPort();
  }

  /// How many connections have been accepted.
  public int connections() {
    return count.get();
  }

  /// Takes the next connection.
  public WireSocket accept() {
    try {
      WireSocket socket = new WireSocket(server.accept());
      count.incrementAndGet();
      accepted.add(socket);
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    accepted.forEach(WireSocket::close);
  }

  private void serve(Consumer<WireSocket> script) {
    while (!server.isClosed()) {
      WireSocket next;
      try {
        next = accept();
      } catch (UncheckedIOException e) {
        if (e.getCause() instanceof SocketTimeoutException) {
          continue;
        }
        return;
      }
      Thread.startVirtualThread(() -> play(script, next));
    }
  }

  private static void play(Consumer<WireSocket> script, WireSocket socket) {
    try (socket) {
      script.accept(socket);
    } catch (IllegalStateException | UncheckedIOException e) {
      // The other end left in the middle of the script; whether it should have, the test says.
    }
  }
}
