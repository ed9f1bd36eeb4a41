package io.penstock.transport.netstack.socket;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOptions;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;

/// The JDK's datagram socket in front of a [DatagramCore].
///
/// Where the JDK waits for a datagram it would keep all others out of the socket, so this waits in
/// its place.
final class StackDatagramSocket extends DatagramSocket {

  private final StackSockets sockets;
  private final DatagramCore core;

  StackDatagramSocket(StackSockets sockets) {
    this(sockets, new DatagramCore(sockets));
  }

  StackDatagramSocket(StackSockets sockets, DatagramCore core) {
    super(core);
    this.sockets = sockets;
    this.core = core;
  }

  @Override
  public void connect(SocketAddress address) throws SocketException {
    if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
      super.connect(resolved(inet));
    } else {
      super.connect(address);
    }
  }

  private SocketAddress resolved(InetSocketAddress address) throws SocketException {
    try {
      return sockets.resolved(address);
    } catch (UnknownHostException e) {
      throw new SocketException("Unresolved address", e);
    } catch (IOException e) {
      throw new SocketException(e.getMessage(), e);
    }
  }

  @Override
  public void receive(DatagramPacket packet) throws IOException {
    synchronized (packet) {
      bindIfNeeded();
      try {
        core.receive(packet);
      } catch (SocketTimeoutException e) {
        throw e;
      } catch (InterruptedIOException _) {
        close();
        throw Failures.closedByInterrupt();
      }
    }
  }

  private synchronized void bindIfNeeded() throws SocketException {
    if (isClosed()) {
      throw Failures.closed();
    }
    if (!isBound()) {
      bind(new InetSocketAddress(0));
    }
  }

  /// The JDK keeps a refusal to itself once the socket is connected.
  @Override
  public void setTrafficClass(int trafficClass) throws SocketException {
    super.setTrafficClass(trafficClass);
    core.setOption(SocketOptions.IP_TOS, trafficClass);
  }

  @Override
  public void close() {
    super.close();
    core.end();
  }
}
