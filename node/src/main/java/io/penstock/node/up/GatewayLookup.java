package io.penstock.node.up;

import io.penstock.api.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Finds all addresses of a gateway, which no route of the overlay may hold.
final class GatewayLookup {

  private GatewayLookup() {}

  /// Asks the system, which cannot be interrupted itself.
  ///
  /// @throws IOException when there is none, or no answer comes within the limit
  static Set<IpAddress> of(String host, Duration limit) throws IOException, InterruptedException {
    FutureTask<InetAddress[]> lookup = new FutureTask<>(() -> InetAddress.getAllByName(host));
    Thread.ofPlatform().daemon().name("gateway-lookup").start(lookup);
    try {
      Set<IpAddress> addresses = new LinkedHashSet<>();
      for (InetAddress each : lookup.get(limit.toNanos(), TimeUnit.NANOSECONDS)) {
        addresses.add(IpAddress.of(each.getAddress()));
      }
      return addresses;
    } catch (TimeoutException e) {
      throw new IOException(
          "the address of the gateway %s was not found within %d s; does this machine reach its name server?"
              .formatted(host, limit.toSeconds()),
          e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof UnknownHostException
          ? new IOException("the gateway's host %s has no address".formatted(host), e)
          : new IOException(e.getCause());
    }
  }
}
