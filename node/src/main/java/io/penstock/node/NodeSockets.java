package io.penstock.node;

import io.penstock.api.IpAddress;
import io.penstock.node.overlay.PortRequest;
import io.penstock.node.peer.OverlayNames;
import io.penstock.node.stack.NodeStack;
import io.penstock.transport.netstack.socket.StackSockets;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;

/// The sockets of `java.net` on a node: over its stack, with names of its overlay. Any thread but
/// the event loop.
final class NodeSockets {

  private static final String LISTENER = "a listener of this program";

  private final StackSockets sockets;

  NodeSockets(NodeStack stack, OverlayNames names) {
    sockets =
        new StackSockets(stack.driver())
            .withOwner(LISTENER)
            .withResolver(new OverlayResolver(names));
  }

  ServerSocket listen(Optional<IpAddress> address, int port) throws IOException {
    return bound(sockets.newServerSocket(), address, port);
  }

  ServerSocket listenTls(int port, SSLContext tls) throws IOException {
    return bound(new TlsServerSocket(sockets.newServerSocket(), tls), Optional.empty(), port);
  }

  private static ServerSocket bound(ServerSocket listener, Optional<IpAddress> address, int port)
      throws IOException {
    try {
      listener.bind(NodeStack.at(address, port), PortRequest.DEFAULT_BACKLOG);
      return listener;
    } catch (IOException | RuntimeException e) {
      listener.close();
      throw e;
    }
  }

  DatagramSocket listenUdp(Optional<IpAddress> address, int port) throws IOException {
    return sockets.newDatagramSocket(NodeStack.at(address, port));
  }

  Socket dial(InetAddress address, int port, Duration limit) throws IOException {
    long millis = limit.toMillis();
    if (millis <= 0) {
      throw new SocketTimeoutException("Connect timed out");
    }
    Socket socket = sockets.newSocket();
    try {
      socket.connect(
          new InetSocketAddress(address, port), (int) Math.min(Integer.MAX_VALUE, millis));
      return socket;
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  DatagramSocket dialUdp(InetAddress address, int port) throws IOException {
    DatagramSocket socket = sockets.newDatagramSocket();
    try {
      socket.connect(new InetSocketAddress(address, port));
      return socket;
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  SocketFactory socketFactory() {
    return sockets.socketFactory();
  }

  ServerSocketFactory serverSocketFactory() {
    return sockets.serverSocketFactory();
  }

  /// Looks names up in the overlay, and nowhere else.
  private record OverlayResolver(OverlayNames names) implements InetAddressResolver {

    @Override
    public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
        throws UnknownHostException {
      try {
        return Stream.of(names.resolve(host).inet());
      } catch (UnknownHostException e) {
        throw e;
      } catch (IOException e) {
        throw unknown(host, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw unknown(host, new InterruptedIOException(e.getMessage()));
      }
    }

    private static UnknownHostException unknown(String host, IOException cause) {
      UnknownHostException unknown = new UnknownHostException(host + ": " + cause.getMessage());
      unknown.initCause(cause);
      return unknown;
    }

    @Override
    public String lookupByAddress(byte[] address) throws UnknownHostException {
      throw new UnknownHostException("names of addresses are not looked up");
    }
  }
}
