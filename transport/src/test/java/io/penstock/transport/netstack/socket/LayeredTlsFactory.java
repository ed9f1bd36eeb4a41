package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.ssl.SSLSocketFactory;

/// TLS over sockets of one's own making, in the way in which libraries use such a factory: they
/// have it make a plain socket, connect that, and have TLS put on it.
final class LayeredTlsFactory extends SSLSocketFactory {

  /// Makes a socket that is not connected.
  interface Plain {
    Socket make() throws IOException;
  }

  private final SSLSocketFactory tls;
  private final Plain plain;

  LayeredTlsFactory(SSLSocketFactory tls, Plain plain) {
    this.tls = tls;
    this.plain = plain;
  }

  @Override
  public Socket createSocket() throws IOException {
    return plain.make();
  }

  @Override
  public Socket createSocket(Socket below, String host, int port, boolean autoClose)
      throws IOException {
    return tls.createSocket(below, host, port, autoClose);
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    throw connected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    throw connected();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort)
      throws IOException {
    throw connected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
      throws IOException {
    throw connected();
  }

  private static IOException connected() {
    return new IOException("this factory connects no sockets; connect one and have TLS put on it");
  }

  @Override
  public String[] getDefaultCipherSuites() {
    return tls.getDefaultCipherSuites();
  }

  @Override
  public String[] getSupportedCipherSuites() {
    return tls.getSupportedCipherSuites();
  }
}
