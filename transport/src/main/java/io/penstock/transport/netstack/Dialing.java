package io.penstock.transport.netstack;

import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// An attempt to connect: begins it, holds who waits for it, and limits its time. Event loop only.
final class Dialing {

  private final NetStackDriver driver;
  private @Nullable IpEndpoint bound;
  private @Nullable ChannelPromise promise;
  private @Nullable Future<?> timer;

  Dialing(NetStackDriver driver) {
    this.driver = driver;
  }

  /// Chooses the local address and port of the connection to come; port 0 picks a free one.
  ///
  /// @return with the port
  IpEndpoint bind(SocketAddress address) throws IOException {
    requireOpen();
    IpEndpoint wanted = SocketAddresses.endpoint(address);
    if (!wanted.isUnspecified() && !driver.stack().hasAddress(wanted)) {
      throw new BindException("Cannot assign requested address: " + wanted.addressText());
    }
    IpEndpoint chosen = wanted.port() == 0 ? driver.ports().anyFree(wanted) : wanted;
    if (driver.ports().overlapping(BoundPorts.Protocol.TCP, chosen).isPresent()) {
      throw driver.ports().inUse(BoundPorts.Protocol.TCP, chosen);
    }
    bound = chosen;
    return chosen;
  }

  /// Begins a connection from `from`, or from what it is bound to, or from the address that suits.
  ///
  /// @throws IOException that a socket would throw, when it cannot even begin
  TcpConnection begin(SocketAddress to, @Nullable SocketAddress from) throws IOException {
    requireOpen();
    IpEndpoint remote = SocketAddresses.endpoint(to);
    if (remote.port() == 0 || remote.isUnspecified()) {
      throw new ConnectException("Cannot assign requested address");
    }
    NetStack stack = driver.stack();
    if (stack.isMultiDestination(remote)) {
      throw new SocketException("Network is unreachable: no connection is made to a group");
    }
    IpEndpoint local = localFor(stack, remote, from);
    return stack
        .tcp()
        .connect(local, remote, driver.nowNanos())
        .orElseThrow(() -> whyNot(stack, local));
  }

  private void requireOpen() throws SocketException {
    if (!driver.isOpen()) {
      throw new SocketException("Network is down");
    }
  }

  private IpEndpoint localFor(NetStack stack, IpEndpoint remote, @Nullable SocketAddress from)
      throws IOException {
    IpEndpoint any = new IpEndpoint(true, 0, 0, 0);
    IpEndpoint chosen = bound == null ? any : bound;
    IpEndpoint wanted = from == null ? chosen : SocketAddresses.endpoint(from);
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

  private IOException whyNot(NetStack stack, IpEndpoint local) {
    int most = driver.config().tcp().maxConnections();
    if (stack.tcp().connectionCount() >= most) {
      return new SocketException("Too many connections: tcp.max_connections is " + most);
    }
    return local.port() == 0
        ? new BindException("Cannot assign requested address: no local port is free")
        : new BindException("Address already in use: " + local);
  }

  /// Waits for the handshake, at most `limitMillis`; 0 leaves it to the stack.
  void await(ChannelPromise connected, EventLoop loop, int limitMillis, Runnable timedOut) {
    promise = connected;
    if (limitMillis > 0) {
      timer = loop.schedule(timedOut, limitMillis, TimeUnit.MILLISECONDS);
    }
  }

  boolean isPending() {
    return promise != null;
  }

  /// Ends the wait; returns who waited, or null when nobody did.
  @Nullable ChannelPromise end() {
    ChannelPromise waiting = promise;
    promise = null;
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    return waiting;
  }

  /// Ends the wait with a failure; harmless when nobody waits.
  void fail(Exception cause) {
    ChannelPromise waiting = end();
    if (waiting != null) {
      waiting.tryFailure(cause);
    }
  }
}
