package io.penstock.node.agent.app;

import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The addresses of the local app, looked up off the event loop and remembered for a short time.
///
/// Any thread may call; two lookups at once do no harm.
final class AppAddresses {

  /// Long enough to spare a lookup per connection, short enough for a container that moves.
  private static final long REMEMBERED_NANOS = Duration.ofSeconds(5).toNanos();

  private final String host;
  private final int port;
  private volatile @Nullable Found found;

  private record Found(List<InetSocketAddress> addresses, long atNanos, boolean fixed) {}

  AppAddresses(String host, int port) {
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    this.host = bracketed ? host.substring(1, host.length() - 1) : host;
    this.port = port;
    byte[] literal = NetUtil.createByteArrayFromIpAddressString(this.host);
    if (literal != null) {
      try {
        InetSocketAddress only = new InetSocketAddress(InetAddress.getByAddress(literal), port);
        found = new Found(List.of(only), System.nanoTime(), true);
      } catch (UnknownHostException e) {
        throw new IllegalArgumentException("'" + host + "' is no address", e);
      }
    }
  }

  /// The addresses in the order in which to try them.
  Future<List<InetSocketAddress>> find(EventLoop loop) {
    Found known = found;
    if (known != null
        && (known.fixed() || System.nanoTime() - known.atNanos() < REMEMBERED_NANOS)) {
      return loop.newSucceededFuture(known.addresses());
    }
    Promise<List<InetSocketAddress>> promise = loop.newPromise();
    Thread.startVirtualThread(() -> lookUp(promise));
    return promise;
  }

  /// Puts the address that answered in front.
  void worked(InetSocketAddress address) {
    Found known = found;
    if (known != null && !known.addresses().getFirst().equals(address)) {
      List<InetSocketAddress> order = new ArrayList<>(known.addresses());
      order.remove(address);
      order.addFirst(address);
      found = new Found(List.copyOf(order), known.atNanos(), known.fixed());
    }
  }

  private void lookUp(Promise<List<InetSocketAddress>> promise) {
    try {
      List<InetSocketAddress> addresses = new ArrayList<>();
      for (InetAddress address : InetAddress.getAllByName(host)) {
        addresses.add(new InetSocketAddress(address, port));
      }
      found = new Found(List.copyOf(addresses), System.nanoTime(), false);
      promise.setSuccess(addresses);
    } catch (UnknownHostException e) {
      promise.setFailure(e);
    }
  }
}
