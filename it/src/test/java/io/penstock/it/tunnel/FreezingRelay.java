package io.penstock.it.tunnel;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/// A relay of TCP connections to a gateway, each of which can stop passing anything on while both
/// its sockets stay open, as when a link goes away without a word.
public final class FreezingRelay implements AutoCloseable {

  private static final int CHUNK_BYTES = 16 * 1024;

  private final ServerSocket listener;
  private final String target;
  private final List<Link> links = new CopyOnWriteArrayList<>();

  private FreezingRelay(ServerSocket listener, String target) {
    this.listener = listener;
    this.target = target;
  }

  /// Starts one that connects to an address written as `host:port`.
  public static FreezingRelay to(String target) throws IOException {
    return to(target, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
  }

  /// The same for connections to a listener, which it owns from now on.
  public static FreezingRelay to(String target, ServerSocket listener) {
    FreezingRelay relay = new FreezingRelay(listener, target);
    Thread.ofVirtual().start(relay::accept);
    return relay;
  }

  int port() {
    return listener.getLocalPort();
  }

  /// The connections so far, the oldest first.
  List<Link> links() {
    return links;
  }

  private void accept() {
    try {
      while (true) {
        Socket agent = listener.accept();
        Link link = new Link(agent, RawVisit.connect(target));
        links.add(link);
        link.start();
      }
    } catch (IOException _) {
      // The relay was closed.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Link link : links) {
      link.close();
    }
  }

  /// One relayed connection.
  public static final class Link {

    private enum Mode {
      PASSING,
      FROZEN,
      DRAINING
    }

    private final Socket agent;
    private final Socket gateway;
    private final CompletableFuture<Void> gatewayEnded = new CompletableFuture<>();
    private Mode mode = Mode.PASSING;

    private Link(Socket agent, Socket gateway) throws IOException {
      this.agent = agent;
      this.gateway = gateway;
      gateway.setSoTimeout(0);
    }

    private void start() {
      Thread.ofVirtual().start(() -> pass(agent, gateway));
      Thread.ofVirtual()
          .start(
              () -> {
                pass(gateway, agent);
                gatewayEnded.complete(null);
              });
    }

    /// Passes nothing on from now on; what still comes piles up in front of the relay.
    void freeze() {
      change(Mode.FROZEN);
    }

    /// Reads and drops what comes from the gateway.
    ///
    /// @return completes when the gateway has closed its socket
    CompletableFuture<Void> drainToEnd() {
      change(Mode.DRAINING);
      return gatewayEnded;
    }

    private synchronized void change(Mode next) {
      mode = next;
      notifyAll();
    }

    private void pass(Socket from, Socket to) {
      try {
        byte[] chunk = new byte[CHUNK_BYTES];
        InputStream in = from.getInputStream();
        for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
          if (mayPass()) {
            to.getOutputStream().write(chunk, 0, count);
          }
        }
        if (mayPass()) {
          to.close();
        }
      } catch (IOException | InterruptedException _) {
        // One of the two is gone, and with it this direction.
      }
    }

    private synchronized boolean mayPass() throws InterruptedException {
      while (mode == Mode.FROZEN) {
        wait();
      }
      return mode == Mode.PASSING;
    }

    private void close() throws IOException {
      change(Mode.DRAINING);
      agent.close();
      gateway.close();
    }
  }
}
