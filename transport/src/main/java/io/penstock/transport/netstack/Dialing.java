package io.penstock.transport.netstack;

import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.transport.EngineLoop;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/// Begins connections, and says as a socket would why that cannot be.
final class Dialing {

  private Dialing() {}

  /// Begins a connection from `from`, or from the address that suits.
  static TcpConnection begin(NetStackDriver driver, SocketAddress to, @Nullable SocketAddress from)
      throws IOException {
    if (!driver.isOpen()) {
      throw new SocketException("Network is down");
    }
    IpEndpoint remote = SocketAddresses.endpoint(to);
    if (remote.port() == 0 || remote.isUnspecified()) {
      throw new ConnectException("Cannot assign requested address");
    }
    IpEndpoint local = localFor(driver.stack(), remote, from);
    return driver
        .stack()
        .tcp()
        .connect(local, remote, EngineLoop.nowNanos())
        .orElseThrow(() -> new BindException("Address already in use, or no free port"));
  }

  private static IpEndpoint localFor(
      NetStack stack, IpEndpoint remote, @Nullable SocketAddress from) throws IOException {
    IpEndpoint wanted =
        from == null ? new IpEndpoint(true, 0, 0, 0) : SocketAddresses.endpoint(from);
    if (wanted.isUnspecified()) {
      return stack
          .sourceFor(remote)
          .orElseThrow(() -> new NoRouteToHostException("No route to host"))
          .withPort(wanted.port());
    }
    if (wanted.ipv4() != remote.ipv4() || !stack.hasAddress(wanted)) {
      throw new BindException("Cannot assign requested address");
    }
    return wanted;
  }
}
