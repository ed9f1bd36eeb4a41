package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.IsdAs;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// An allocator for tests: gives what is asked for, 10.0.0.x for any, and refuses 10.9.9.9.
final class Addresses implements AddressAllocator<String> {

  static final long ISD_AS = IsdAs.parse("1-ff00:0:110");
  static final AddressRange V4 = AddressRange.ipv4(ISD_AS, 0xc0a80001);
  static final AddressRange OTHER_V4 = AddressRange.ipv4(ISD_AS, 0xc0a80002);
  static final AddressRange V6 = AddressRange.ipv6(ISD_AS, 0x2001_0db8_0000_0000L, 1);
  static final AddressRange TAKEN = AddressRange.ipv4(ISD_AS, 0x0a090909);

  /// An allocation is known by its client and its address.
  record Id(String client, AddressRange address) implements AllocationId {}

  final List<AllocationId> allocated = new CopyOnWriteArrayList<>();
  final List<AllocationId> held = new CopyOnWriteArrayList<>();
  private final AtomicInteger last = new AtomicInteger();

  @Override
  public Allocation allocate(String client, AddressRange wanted) {
    if (wanted.equals(TAKEN)) {
      return new Allocation.Refused(
          Allocation.Refused.Reason.ALREADY_REGISTERED, "10.9.9.9 is taken");
    }
    if (wanted.isAny() && wanted.ipVersion() == 6) {
      return new Allocation.Refused(Allocation.Refused.Reason.NONE_AVAILABLE, "no IPv6 here");
    }
    AddressRange given =
        wanted.isAny()
            ? AddressRange.ipv4(ISD_AS, 0x0a000000 + last.incrementAndGet())
            : wanted.withIsdAs(ISD_AS);
    Id id = new Id(client, given);
    allocated.add(id);
    return new Allocation.Granted(id, given);
  }

  @Override
  public boolean putOnHold(AllocationId id) {
    return held.add(id);
  }

  @Override
  public boolean deallocate(AllocationId id) {
    return allocated.remove(id);
  }
}
