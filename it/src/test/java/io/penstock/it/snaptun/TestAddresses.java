package io.penstock.it.snaptun;

import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.IsdAs;
import io.penstock.transport.snaptun.AddressAllocator;
import io.penstock.transport.snaptun.Allocation;
import io.penstock.transport.snaptun.AllocationId;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// Gives addresses as the Rust peers do: what is asked for, `10.0.0.N` or `fd00::N` for any, and
/// refuses those that it was told to refuse.
final class TestAddresses implements AddressAllocator<String> {

  static final long ISD_AS = IsdAs.parse("1-ff00:0:110");
  static final AddressRange V4 = AddressRange.ipv4(ISD_AS, 0xc0a80001);
  static final AddressRange V6 = AddressRange.ipv6(ISD_AS, 0x2001_0db8_0000_0000L, 1);
  static final AddressRange REFUSED = AddressRange.ipv4(ISD_AS, 0x0a090909);
  static final AddressRange ANY_V4 = AddressRange.ipv4(ISD_AS, 0);

  /// Known by the client alone, as in the original's own programs.
  record Id(String client) implements AllocationId {}

  final List<AllocationId> held = new CopyOnWriteArrayList<>();
  private final List<AddressRange> refused;
  private final AtomicInteger last = new AtomicInteger();

  TestAddresses(List<AddressRange> refused) {
    this.refused = refused;
  }

  @Override
  public Allocation allocate(String client, AddressRange wanted) {
    if (refused.contains(wanted.withIsdAs(ISD_AS))) {
      return new Allocation.Refused(Allocation.Refused.Reason.NONE_AVAILABLE, "refused by name");
    }
    return new Allocation.Granted(new Id(client), given(wanted));
  }

  private AddressRange given(AddressRange wanted) {
    if (!wanted.isAny()) {
      return wanted.withIsdAs(ISD_AS);
    }
    int next = last.incrementAndGet();
    return wanted.ipVersion() == 4
        ? AddressRange.ipv4(ISD_AS, 0x0a000000 + next)
        : AddressRange.ipv6(ISD_AS, 0xfd00L << 48, next);
  }

  @Override
  public boolean putOnHold(AllocationId id) {
    return held.add(id);
  }

  @Override
  public boolean deallocate(AllocationId id) {
    return true;
  }
}
