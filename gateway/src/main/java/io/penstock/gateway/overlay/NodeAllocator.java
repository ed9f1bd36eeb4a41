package io.penstock.gateway.overlay;

import io.penstock.api.IpAddress;
import io.penstock.api.IsdAs;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.lease.AddressWish;
import io.penstock.gateway.overlay.lease.LeaseGrant;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredLease;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.transport.snaptun.AddressAllocator;
import io.penstock.transport.snaptun.Allocation;
import io.penstock.transport.snaptun.Allocation.Refused.Reason;
import io.penstock.transport.snaptun.AllocationId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives addresses of the pool to tunnels. Blocks on the storage.
final class NodeAllocator implements AddressAllocator<TunnelSession> {

  private static final Logger LOG = LoggerFactory.getLogger(NodeAllocator.class);

  /// An allocation is known by its lease, whose generation no other one has.
  ///
  /// @param lease as it was granted
  record LeaseId(StoredLease lease) implements AllocationId {}

  private final AddressPool pool;
  private final long isdAs;

  NodeAllocator(AddressPool pool, IsdAs isdAs) {
    this.pool = pool;
    this.isdAs = isdAs.toLong();
  }

  @Override
  public Allocation allocate(TunnelSession session, AddressRange wanted) {
    if (wanted.isdAs() != io.penstock.protocol.snaptun.IsdAs.WILDCARD && wanted.isdAs() != isdAs) {
      return new Allocation.Refused(Reason.NO_SUCH_ISD_AS, "this network has another ISD-AS");
    }
    AddressWish wish = AddressWish.of(IpAddress.of(wanted.addressBytes()));
    try {
      return switch (pool.allocate(session.claims().node(), wish)) {
        case LeaseGrant.Granted(var lease) -> {
          session.granted(lease);
          yield new Allocation.Granted(
              new LeaseId(lease), AddressRange.ofBytes(isdAs, lease.address().bytes()));
        }
        case LeaseGrant.Refused(var refusal) ->
            new Allocation.Refused(reason(refusal), refusal.text());
      };
    } catch (StorageException e) {
      LOG.error(
          "cannot allocate an address node={} reason=storage_failed", session.claims().node(), e);
      return new Allocation.Refused(Reason.REJECTED, "the gateway's storage does not answer");
    }
  }

  @Override
  public boolean putOnHold(AllocationId id) {
    return id instanceof LeaseId(var lease) && pool.putOnHold(lease);
  }

  @Override
  public boolean deallocate(AllocationId id) {
    try {
      return id instanceof LeaseId(var lease) && pool.deallocate(lease);
    } catch (StorageException e) {
      LOG.error("cannot take an address back id={} reason=storage_failed", id, e);
      return false;
    }
  }

  private static Reason reason(LeaseGrant.Refusal refusal) {
    return switch (refusal) {
      case NO_SUCH_FAMILY, OUT_OF_RANGE, RESERVED -> Reason.NOT_IN_RANGE;
      case TAKEN -> Reason.ALREADY_REGISTERED;
      case EXHAUSTED -> Reason.NONE_AVAILABLE;
      case UNKNOWN_NODE, CLOSED -> Reason.REJECTED;
    };
  }
}
