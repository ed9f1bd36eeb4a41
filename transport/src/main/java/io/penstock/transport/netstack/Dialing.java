package io.penstock.transport.netstack;

import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// An attempt to connect: begins it, holds who waits for it, and limits its time. Event loop only.
final class Dialing {

  private final NetStackDriver driver;
  private @Nullable ChannelPromise promise;
  private @Nullable Future<?> timer;

  Dialing(NetStackDriver driver) {
    this.driver = driver;
  }

  /// Begins a connection from `from`, or from the address that suits.
  ///
  /// @throws IOException that a socket would throw, when it cannot even begin
  TcpConnection begin(SocketAddress to, @Nullable SocketAddress from) throws IOException {
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
