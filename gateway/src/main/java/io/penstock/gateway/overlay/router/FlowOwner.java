package io.penstock.gateway.overlay.router;

import java.util.concurrent.atomic.AtomicInteger;

/// The node that opened flows, and how many it has; it outlives the node's tunnels.
final class FlowOwner {

  private final AtomicInteger flows = new AtomicInteger();

  /// How many addresses lead to the node or are on hold for it; under the router's lock.
  int addresses;

  int flows() {
    return flows.get();
  }

  void opened() {
    flows.incrementAndGet();
  }

  void ended() {
    flows.decrementAndGet();
  }
}
