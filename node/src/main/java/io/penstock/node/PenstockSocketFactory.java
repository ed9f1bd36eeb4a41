package io.penstock.node;

import io.penstock.node.name.RunningNodes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Optional;
import javax.net.SocketFactory;

/// Makes TCP connections over the overlay by a running node of this process, for drivers that name
/// their socket factory by its class.
///
/// ```
/// jdbc:postgresql://db.penstock.internal/app?socketFactory=io.penstock.node.PenstockSocketFactory&socketFactoryArg=web
/// ```
///
/// The node is looked for at each socket, so a factory may be made before its node is started and
/// outlive it. Without such a node there is a [SocketException] that says what is missing, and
/// never a socket of this machine. Any thread.
public final class PenstockSocketFactory extends SocketFactory {

  private final Optional<String> nodeName;

  /// By the only node that runs; when there is none or more than one, there is no socket.
  public PenstockSocketFactory() {
    nodeName = Optional.empty();
  }

  /// By the running node with this name, as in [Node#name].
  public PenstockSocketFactory(String nodeName) {
    this.nodeName = Optional.of(nodeName);
  }

  /// The same as the constructor without a name. Some libraries call this method of the class that
  /// they are given; the one of the superclass would hand them sockets of this machine.
  public static SocketFactory getDefault() {
    return new PenstockSocketFactory();
  }

  private SocketFactory sockets() throws SocketException {
    try {
      return RunningNodes.ofThisProcess().only(nodeName).sockets();
    } catch (IllegalStateException e) {
      SocketException none = new SocketException(e.getMessage());
      none.initCause(e);
      throw none;
    }
  }

  @Override
  public Socket createSocket() throws IOException {
    return sockets().createSocket();
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return sockets().createSocket(host, port);
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return sockets().createSocket(host, port, localHost, localPort);
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return sockets().createSocket(host, port);
  }

  @Override
  public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
      throws IOException {
    return sockets().createSocket(address, port, localAddress, localPort);
  }
}
