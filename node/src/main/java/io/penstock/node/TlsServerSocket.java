package io.penstock.node;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/// A listener whose connections speak TLS, in front of one of the node's stack.
///
/// It accepts by itself, and handshakes are made before anybody accepts from it ([TlsHandshakes]),
/// so that a visitor who stalls in one holds up nobody. Everything that it does not do is the
/// listener's in front of which it stands: no socket of the machine is ever made.
final class TlsServerSocket extends ServerSocket {

  /// Is told of each connection that was accepted, and what it goes over.
  @FunctionalInterface
  interface Accepted {
    void tell(TlsHandshakes.Secured connection);
  }

  private final ServerSocket plain;
  private final TlsHandshakes handshakes;
  private final Accepted accepted;
  private final AtomicInteger timeoutMillis = new AtomicInteger();

  TlsServerSocket(ServerSocket plain, TlsHandshakes handshakes, Accepted accepted)
      throws IOException {
    this.plain = plain;
    this.handshakes = handshakes;
    this.accepted = accepted;
  }

  @Override
  public void bind(SocketAddress address, int backlog) throws IOException {
    plain.bind(address, backlog);
    Thread.ofVirtual().name("penstock-node-tls-listener").start(this::acceptAll);
  }

  @Override
  public void bind(SocketAddress address) throws IOException {
    bind(address, 0);
  }

  private void acceptAll() {
    try (handshakes) {
      while (handshakes.awaitRoom()) {
        handshakes.begin(plain.accept());
      }
    } catch (IOException _) {
      // The listener was closed, or the node.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// As with the JDK's own, a virtual thread that is interrupted closes the listener.
  @Override
  public Socket accept() throws IOException {
    if (!isBound()) {
      throw new SocketException("Socket is not bound yet");
    }
    try {
      TlsHandshakes.Secured next = handshakes.take(timeoutMillis.get());
      accepted.tell(next);
      return next.socket();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      close();
      throw new SocketException("Closed by interrupt");
    }
  }

  @Override
  public void close() throws IOException {
    super.close();
    try {
      plain.close();
    } finally {
      handshakes.close();
    }
  }

  @Override
  public void setSoTimeout(int timeout) {
    if (timeout < 0) {
      throw new IllegalArgumentException("timeout < 0");
    }
    timeoutMillis.set(timeout);
  }

  @Override
  public int getSoTimeout() {
    return timeoutMillis.get();
  }

  // ---- the listener in front of which it stands ----

  @Override
  public boolean isBound() {
    return plain.isBound();
  }

  @Override
  public boolean isClosed() {
    return plain.isClosed();
  }

  @Override
  public InetAddress getInetAddress() {
    return plain.getInetAddress();
  }

  @Override
  public int getLocalPort() {
    return plain.getLocalPort();
  }

  @Override
  public SocketAddress getLocalSocketAddress() {
    return plain.getLocalSocketAddress();
  }

  @Override
  public void setReuseAddress(boolean on) throws SocketException {
    plain.setReuseAddress(on);
  }

  @Override
  public boolean getReuseAddress() throws SocketException {
    return plain.getReuseAddress();
  }

  @Override
  public void setReceiveBufferSize(int bytes) throws SocketException {
    plain.setReceiveBufferSize(bytes);
  }

  @Override
  public int getReceiveBufferSize() throws SocketException {
    return plain.getReceiveBufferSize();
  }

  @Override
  public <T> ServerSocket setOption(SocketOption<T> name, T value) throws IOException {
    plain.setOption(name, value);
    return this;
  }

  @Override
  public <T> T getOption(SocketOption<T> name) throws IOException {
    return plain.getOption(name);
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return plain.supportedOptions();
  }

  @Override
  public String toString() {
    return "TLS " + plain;
  }
}
