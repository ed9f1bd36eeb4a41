package io.penstock.transport.netstack;

import io.penstock.protocol.netstack.tcp.TcpCloseReason;
import io.penstock.protocol.netstack.udp.UdpBind;
import io.penstock.protocol.netstack.udp.UdpError;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;

/// What the stack says about an end, as the exceptions that users of the JDK's sockets expect.
///
/// Those that a peer can cause at will carry no stack trace, which would tell nothing about it.
final class SocketFailures {

  private SocketFailures() {}

  static IOException of(TcpCloseReason reason) {
    return switch (reason) {
      case FINISHED -> new ClosedChannelException();
      case ABORTED -> new SocketException("Connection aborted");
      case RESET -> new FromPeer("Connection reset");
      case REFUSED -> new Refused();
      case UNREACHABLE -> new NoRouteToHostException("No route to host");
      case CONNECT_TIMEOUT -> new ConnectException("Connection timed out");
      case USER_TIMEOUT, KEEP_ALIVE_TIMEOUT -> new SocketException("Connection timed out");
      case ADDRESS_CHANGED -> new AddressChangedException();
      case STACK_CLOSED -> new SocketException("Network is down");
    };
  }

  static IOException of(UdpBind.Reason reason) {
    return switch (reason) {
      case ADDRESS_IN_USE -> new BindException("Address already in use");
      case NOT_OUR_ADDRESS -> new BindException("Cannot assign requested address");
      case NO_FREE_PORT -> new BindException("No free port");
      case TOO_MANY_SOCKETS -> new SocketException("Too many open sockets");
    };
  }

  static IOException of(UdpError error) {
    return switch (error) {
      case PORT_UNREACHABLE -> new PortUnreachableException("Port unreachable");
      case UNREACHABLE -> new NoRouteToHostException("No route to host");
      case ADDRESS_CHANGED -> new AddressChangedException();
      case TIME_EXCEEDED -> new NoRouteToHostException("Time to live exceeded");
    };
  }

  private static final class FromPeer extends SocketException {

    private static final long serialVersionUID = 1L;

    FromPeer(String message) {
      super(message);
    }

    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized")
    public Throwable fillInStackTrace() {
      return this;
    }
  }

  private static final class Refused extends ConnectException {

    private static final long serialVersionUID = 1L;

    Refused() {
      super("Connection refused");
    }

    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized")
    public Throwable fillInStackTrace() {
      return this;
    }
  }
}
