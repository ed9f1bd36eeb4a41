package io.penstock.node.backend;

import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.node.name.MachineHosts;
import io.penstock.transport.NativeSupport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The addresses of a backend, looked up off the event loop and remembered for a short time.
///
/// An address of an overlay is never given, as no socket of the machine may lead there: looking it
/// up says so. Any thread may call; two lookups at once do no harm.
final class BackendAddresses {

  /// Long enough to spare a lookup per connection, short enough for a container that moves.
  private static final long REMEMBERED_NANOS = Duration.ofSeconds(5).toNanos();

  private final String host;
  private final int port;
  private volatile @Nullable Found found;

  private record Found(List<SocketAddress> addresses, long atNanos, boolean fixed) {}

  /// @param address an unresolved `InetSocketAddress`, or a `UnixDomainSocketAddress`
  BackendAddresses(SocketAddress address) {
    switch (address) {
      case UnixDomainSocketAddress unix -> {
        host = unix.toString();
        port = 0;
        found = fixed(NativeSupport.unixAddress(unix));
      }
      case InetSocketAddress inet -> {
        host = unbracketed(inet.getHostString());
        port = inet.getPort();
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
        if (literal != null) {
          found = fixed(new InetSocketAddress(address(literal), port));
        }
      }
      default -> throw new IllegalArgumentException("no socket leads to " + address);
    }
  }

  private static String unbracketed(String host) {
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    return bracketed ? host.substring(1, host.length() - 1) : host;
  }

  private static Found fixed(SocketAddress only) {
    return new Found(List.of(only), System.nanoTime(), true);
  }

  private InetAddress address(byte[] literal) {
    try {
      return InetAddress.getByAddress(literal);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("'" + host + "' is no address", e);
    }
  }

  /// The addresses in the order in which to try them.
  Future<List<SocketAddress>> find(EventLoop loop) {
    Found known = found;
    if (known != null
        && (known.fixed() || System.nanoTime() - known.atNanos() < REMEMBERED_NANOS)
        && known.addresses().stream().noneMatch(BackendAddresses::isOverlay)) {
      return loop.newSucceededFuture(known.addresses());
    }
    Promise<List<SocketAddress>> promise = loop.newPromise();
    Thread.startVirtualThread(() -> lookUp(promise));
    return promise;
  }

  private static boolean isOverlay(SocketAddress address) {
    return address instanceof InetSocketAddress inet && MachineHosts.isOverlay(inet.getAddress());
  }

  /// Puts the address that answered in front.
  void worked(SocketAddress address) {
    Found known = found;
    if (known != null && !known.addresses().getFirst().equals(address)) {
      List<SocketAddress> order = new ArrayList<>(known.addresses());
      order.remove(address);
      order.addFirst(address);
      found = new Found(List.copyOf(order), known.atNanos(), known.fixed());
    }
  }

  private void lookUp(Promise<List<SocketAddress>> promise) {
    try {
      List<SocketAddress> addresses = new ArrayList<>();
      for (InetAddress address : MachineHosts.addresses(host)) {
        addresses.add(new InetSocketAddress(address, port));
      }
      found = new Found(List.copyOf(addresses), System.nanoTime(), false);
      promise.setSuccess(addresses);
    } catch (UnknownHostException e) {
      promise.setFailure(e);
    }
  }
}
