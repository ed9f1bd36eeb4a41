package io.penstock.node;

import io.netty.channel.EventLoop;
import io.penstock.api.IpAddress;
import io.penstock.node.overlay.PortRequest;
import io.penstock.node.stack.NodeStack;
import io.penstock.transport.netstack.NetstackChannel;
import io.penstock.transport.netstack.socket.StackSockets;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.spi.InetAddressResolver;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;

/// The sockets of `java.net` on a node: over its stack, with names of its overlay. Any thread but
/// the event loop.
final class NodeSockets {

  private static final String LISTENER = "a listener of this program";

  private final StackSockets sockets;
  private final EventLoop loop;
  private final Duration handshakeLimit;

  /// What accepted sockets with TLS go over, as long as anybody has them.
  private final Map<Socket, NetstackChannel> underTls =
      Collections.synchronizedMap(new WeakHashMap<>());

  /// @param handshakeLimit of visitors of TLS listeners
  NodeSockets(NodeStack stack, InetAddressResolver resolver, Duration handshakeLimit) {
    sockets = new StackSockets(stack.driver()).withOwner(LISTENER).withResolver(resolver);
    loop = stack.driver().eventLoop();
    this.handshakeLimit = handshakeLimit;
  }

  ServerSocket listen(Optional<IpAddress> address, int port) throws IOException {
    return bound(sockets.newServerSocket(), address, port);
  }

  ServerSocket listenTls(int port, SSLContext tls) throws IOException {
    return listenTls(port, ListenerTls.deciding(tls));
  }

  ServerSocket listenTls(int port, ListenerTls tls) throws IOException {
    TlsHandshakes handshakes = new TlsHandshakes(tls, handshakeLimit, loop);
    ServerSocket listener =
        new TlsServerSocket(sockets.newServerSocket(), handshakes, this::remember);
    return bound(listener, Optional.empty(), port);
  }

  private void remember(TlsHandshakes.Secured accepted) {
    StackSockets.connectionOf(accepted.under())
        .ifPresent(connection -> underTls.put(accepted.socket(), connection));
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

  Socket dial(InetAddress address, int port, Duration limit)
      throws IOException, InterruptedException {
    long millis = limit.toMillis();
    if (millis <= 0) {
      throw new SocketTimeoutException("Connect timed out");
    }
    Socket socket = sockets.newSocket();
    // On a thread of its own, as one of the platform does not notice that it is interrupted.
    FutureTask<Socket> connecting =
        new FutureTask<>(
            () -> {
              socket.connect(
                  new InetSocketAddress(address, port), (int) Math.min(Integer.MAX_VALUE, millis));
              return socket;
            });
    Thread.ofVirtual().name("penstock-node-dial").start(connecting);
    try {
      return connecting.get();
    } catch (ExecutionException e) {
      socket.close();
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException misuse -> throw misuse;
        case null, default -> throw new IOException(e.getCause());
      }
    } catch (InterruptedException e) {
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

  /// The connection of the stack under one of these sockets.
  Optional<NetstackChannel> connectionOf(Socket socket) {
    return StackSockets.connectionOf(socket).or(() -> Optional.ofNullable(underTls.get(socket)));
  }

  SocketFactory socketFactory() {
    return sockets.socketFactory();
  }

  ServerSocketFactory serverSocketFactory() {
    return sockets.serverSocketFactory();
  }
}
