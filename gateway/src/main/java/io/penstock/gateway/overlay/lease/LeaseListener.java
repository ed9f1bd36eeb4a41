package io.penstock.gateway.overlay.lease;

import io.penstock.gateway.store.StoredLease;
import java.io.IOException;

/// Is told of every change of a lease, in the order in which they became durable, one at a time, on
/// the thread that made the change.
public interface LeaseListener {

  /// A lease was granted, granted again or put on hold.
  ///
  /// @throws IOException when what it needs is away; the change stays
  void leased(StoredLease lease) throws IOException;

  /// An address is nobody's any more.
  void freed(StoredLease lease);
}
