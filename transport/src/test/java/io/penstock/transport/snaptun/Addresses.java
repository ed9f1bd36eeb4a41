package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.IsdAs;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// An allocator for tests: gives what is asked for, `10.0.0.N` or `fd00::N` for any, and refuses
/// what it was told to refuse.
///
/// Other modules' tests use it too.
public final class Addresses implements AddressAllocator<String> {

  public static final long ISD_AS = IsdAs.parse("1-ff00:0:110");
  public static final AddressRange V4 = AddressRange.ipv4(ISD_AS, 0xc0a80001);
  public static final AddressRange V6 = AddressRange.ipv6(ISD_AS, 0x2001_0db8_0000_0000L, 1);
  public static final AddressRange ANY_V4 = AddressRange.ipv4(ISD_AS, 0);
  static final AddressRange ANY_V6 = AddressRange.ipv6(ISD_AS, 0, 0);
  static final AddressRange OTHER_V4 = AddressRange.ipv4(ISD_AS, 0xc0a80002);
  public static final AddressRange TAKEN = AddressRange.ipv4(ISD_AS, 0x0a090909);

  /// An allocation is known by its client and its address.
  record Id(String client, AddressRange address) implements AllocationId {}

  final List<AllocationId> allocated = new CopyOnWriteArrayList<>();
  private final List<AllocationId> held = new CopyOnWriteArrayList<>();
  private final Set<AddressRange> refused;
  private final AtomicInteger last = new AtomicInteger();

  /// @param refused never given; [#ANY_V4] is any IPv4 address that nobody names
  public Addresses(Collection<AddressRange> refused) {
    this.refused = Set.copyOf(refused);
  }

  /// What was put on hold so far.
  public List<AllocationId> held() {
    return held;
  }

  @Override
  public Allocation allocate(String client, AddressRange wanted) {
    if (refused.contains(wanted.withIsdAs(ISD_AS))) {
      return new Allocation.Refused(Allocation.Refused.Reason.ALREADY_REGISTERED, "taken");
    }
    AddressRange given = given(wanted);
    Id id = new Id(client, given);
    allocated.add(id);
    return new Allocation.Granted(id, given);
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
    return allocated.remove(id);
  }
}
