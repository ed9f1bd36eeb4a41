package io.penstock.node;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// A listener whose connections speak TLS, in front of one of the node's stack.
///
/// The handshake is made when a connection is first read or written, on the thread that does so, so
/// that a silent visitor holds up nobody else.
final class TlsServerSocket extends ServerSocket {

  private final ServerSocket plain;
  private final SSLContext tls;

  TlsServerSocket(ServerSocket plain, SSLContext tls) throws IOException {
    this.plain = plain;
    this.tls = tls;
  }

  @Override
  public void bind(SocketAddress address, int backlog) throws IOException {
    plain.bind(address, backlog);
  }

  @Override
  public Socket accept() throws IOException {
    Socket accepted = plain.accept();
    try {
      SSLSocket secure = (SSLSocket) tls.getSocketFactory().createSocket(accepted, null, true);
      secure.setUseClientMode(false);
      return secure;
    } catch (IOException | RuntimeException e) {
      accepted.close();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    super.close();
    plain.close();
  }

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
  public void setSoTimeout(int timeout) throws SocketException {
    plain.setSoTimeout(timeout);
  }

  @Override
  public int getSoTimeout() throws IOException {
    return plain.getSoTimeout();
  }

  @Override
  public String toString() {
    return "TLS " + plain;
  }
}
