package io.penstock.gateway.overlay;

import io.penstock.gateway.overlay.lease.LeaseListener;
import io.penstock.gateway.overlay.router.LeasedAddress;
import io.penstock.gateway.overlay.router.Router;
import io.penstock.gateway.store.StoredLease;

/// Tells the router which addresses are on hold and which are nobody's, so that it knows whom a
/// packet cannot reach for now and whom it never will.
final class RouterLeases implements LeaseListener {

  private final Router router;

  RouterLeases(Router router) {
    this.router = router;
  }

  @Override
  public void leased(StoredLease lease) {
    if (lease.heldUntil().isPresent()) {
      router.hold(address(lease), lease.node());
    }
  }

  @Override
  public void freed(StoredLease lease) {
    router.release(address(lease));
  }

  private static LeasedAddress address(StoredLease lease) {
    return new LeasedAddress(lease.address().inet(), lease.generation());
  }
}
