package io.penstock.node;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The TLS handshakes of one listener: connections go in as they were accepted, and come out when
/// they are secure.
///
/// Each is made on a virtual thread of its own, and its connection is closed when it fails or takes
/// longer than the limit. At most [#MOST] connections are in here, and at most [#MOST_OF_ONE] from
/// one address are in their handshake: the others of that address are closed at once, so that one
/// visitor who stalls does not keep all others out. Any thread but the event loop.
final class TlsHandshakes implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(TlsHandshakes.class);

  /// As many as wait in the backlog of a listener.
  static final int MOST = 256;

  /// It takes four addresses that stall to fill the place. Who is done and waits to be accepted is
  /// not counted: that is up to the program that listens.
  static final int MOST_OF_ONE = 64;

  /// A connection whose handshake is done.
  ///
  /// @param under what it goes over
  record Secured(SSLSocket socket, Socket under) {}

  private final ListenerTls tls;
  private final Duration limit;
  private final ScheduledExecutorService timer;

  // Guarded by this.
  private final Set<Socket> inside = new HashSet<>();
  private final Map<InetAddress, Integer> inHandshake = new HashMap<>();
  private final Deque<Secured> done = new ArrayDeque<>();
  private boolean closed;

  /// @param limit of one handshake, from when its connection was accepted
  /// @param timer closes those that take longer
  TlsHandshakes(ListenerTls tls, Duration limit, ScheduledExecutorService timer) {
    this.tls = tls;
    this.limit = limit;
    this.timer = timer;
  }

  // ---- in ----

  /// Blocks until there is room for one more; false when it was closed.
  synchronized boolean awaitRoom() throws InterruptedException {
    while (inside.size() >= MOST && !closed) {
      wait();
    }
    return !closed;
  }

  /// Begins the handshake of a connection, which belongs to this from now on.
  void begin(Socket accepted) {
    if (enter(accepted)) {
      Thread.ofVirtual().name("penstock-node-tls").start(() -> shakeHands(accepted));
    } else {
      closeQuietly(accepted);
    }
  }

  private synchronized boolean enter(Socket accepted) {
    InetAddress from = accepted.getInetAddress();
    if (closed || inHandshake.getOrDefault(from, 0) >= MOST_OF_ONE) {
      return false;
    }
    inHandshake.merge(from, 1, Integer::sum);
    return inside.add(accepted);
  }

  // Whoever calls this has the lock.
  private void endHandshake(Socket accepted) {
    inHandshake.computeIfPresent(
        accepted.getInetAddress(), (_, count) -> count == 1 ? null : count - 1);
  }

  private void shakeHands(Socket accepted) {
    try {
      secured(new Secured(inTime(accepted), accepted));
    } catch (IOException | RuntimeException e) {
      LOG.debug(
          "a handshake failed from={} cause=\"{}\"",
          accepted.getRemoteSocketAddress(),
          e.getMessage());
      closeQuietly(accepted);
      failed(accepted);
    }
  }

  private SSLSocket inTime(Socket accepted) throws IOException {
    Future<?> late =
        timer.schedule(() -> closeQuietly(accepted), limit.toNanos(), TimeUnit.NANOSECONDS);
    try {
      SSLSocket secure = tls.shakeHands(accepted);
      if (!late.cancel(false)) {
        throw new SocketTimeoutException("the handshake took longer than " + limit);
      }
      return secure;
    } finally {
      late.cancel(false);
    }
  }

  private synchronized void secured(Secured connection) throws SocketException {
    if (closed) {
      throw new SocketException("Socket closed");
    }
    endHandshake(connection.under());
    done.add(connection);
    notifyAll();
  }

  private synchronized void failed(Socket accepted) {
    if (inside.remove(accepted)) {
      endHandshake(accepted);
      notifyAll();
    }
  }

  // ---- out ----

  /// Waits for the next connection whose handshake is done, and gives it away.
  ///
  /// @param timeoutMillis 0 for as long as it takes
  /// @throws SocketTimeoutException when the time is over
  /// @throws SocketException when it was closed
  Secured take(int timeoutMillis) throws IOException, InterruptedException {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    synchronized (this) {
      while (done.isEmpty()) {
        if (closed) {
          throw new SocketException("Socket closed");
        }
        long left = until - System.nanoTime();
        if (timeoutMillis == 0) {
          wait();
        } else if (left > 0) {
          TimeUnit.NANOSECONDS.timedWait(this, left);
        } else {
          throw new SocketTimeoutException("Accept timed out");
        }
      }
      Secured next = done.remove();
      inside.remove(next.under());
      notifyAll();
      return next;
    }
  }

  /// Ends it with every connection that nobody has taken. Repeatable.
  @Override
  public void close() {
    List<Socket> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(inside);
      inside.clear();
      done.clear();
      inHandshake.clear();
      notifyAll();
    }
    left.forEach(TlsHandshakes::closeQuietly);
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.debug("a connection did not close cleanly cause=\"{}\"", e.getMessage());
    }
  }
}
