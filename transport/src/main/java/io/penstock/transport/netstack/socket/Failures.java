package io.penstock.transport.netstack.socket;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.RejectedExecutionException;

/// What went wrong on the event loop, as the exception that a blocked thread throws.
///
/// It is made anew for each thread, so that it shows where that thread was; its class and message
/// are those of the JDK's sockets.
final class Failures {

  private Failures() {}

  static IOException of(Throwable cause) {
    String message = cause.getMessage();
    return switch (cause) {
      case ConnectException _ -> new ConnectException(message);
      case NoRouteToHostException _ -> new NoRouteToHostException(message);
      case BindException _ -> new BindException(message);
      case PortUnreachableException _ -> new PortUnreachableException(message);
      case SocketException _ -> new SocketException(message);
      case ClosedChannelException _ -> closed();
      case RejectedExecutionException _ -> new SocketException("Network is down", cause);
      default -> new SocketException(message, cause);
    };
  }

  /// The same for a thread that writes, to which the JDK says it as the kernel does.
  static IOException ofWrite(Throwable cause) {
    return "Connection reset".equals(cause.getMessage())
        ? new SocketException("Connection reset by peer")
        : of(cause);
  }

  /// Refuses a new socket on a stack that has ended.
  static void requireRunning(EventLoop loop) throws SocketException {
    if (loop.isShuttingDown()) {
      throw new SocketException("Network is down");
    }
  }

  static SocketException closed() {
    return new SocketException("Socket closed");
  }

  /// For a thread that was interrupted and has closed its socket.
  static SocketException closedByInterrupt() {
    return new SocketException("Closed by interrupt");
  }
}
