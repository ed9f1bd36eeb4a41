package io.penstock.node.tunnel;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.OverlayNetwork;
import io.penstock.protocol.snaptun.AddressRange;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Which addresses a node asks for: those of its config, and where that says any, the one that it
/// had before. Not thread-safe.
final class AddressWishes {

  private static final IpAddress ANY_4 = IpAddress.parse("0.0.0.0");
  private static final IpAddress ANY_6 = IpAddress.parse("::");

  private final List<IpAddress> configured;
  private final Map<IpFamily, IpAddress> had = new EnumMap<>(IpFamily.class);

  AddressWishes(List<IpAddress> configured) {
    this.configured = List.copyOf(configured);
  }

  /// What to ask for in a network.
  List<AddressRange> in(OverlayNetwork network) {
    List<IpAddress> wanted =
        configured.isEmpty()
            ? network.ranges().stream()
                .map(IpPrefix::family)
                .distinct()
                .map(family -> family == IpFamily.IPV4 ? ANY_4 : ANY_6)
                .toList()
            : configured;
    return wanted.stream()
        .map(address -> address.isUnspecified() ? remembered(address, network) : address)
        .map(address -> AddressRange.ofBytes(network.isdAs().toLong(), address.bytes()))
        .toList();
  }

  /// Takes note of what was given.
  void assigned(List<IpAddress> addresses) {
    addresses.forEach(address -> had.put(address.family(), address));
  }

  /// Takes note of what was refused: what the node had before it asks for no more.
  ///
  /// @param asked as [#in] said
  /// @param refused places in `asked`
  /// @return whether asking again means asking for something else
  boolean refused(List<AddressRange> asked, IntStream refused) {
    return refused
            .filter(index -> index < asked.size() && !asked.get(index).isAny())
            .mapToObj(index -> IpFamily.of(asked.get(index).ipVersion()))
            .filter(family -> mayBeAny(family) && had.remove(family) != null)
            .count()
        > 0;
  }

  private boolean mayBeAny(IpFamily family) {
    return configured.isEmpty()
        || configured.stream()
            .anyMatch(address -> address.family() == family && address.isUnspecified());
  }

  private IpAddress remembered(IpAddress any, OverlayNetwork network) {
    IpAddress before = had.getOrDefault(any.family(), any);
    return network.ranges().stream().anyMatch(range -> range.contains(before)) ? before : any;
  }

  /// The addresses as the rest of the node has them.
  static List<IpAddress> of(List<AddressRange> assigned) {
    return assigned.stream().map(range -> IpAddress.of(range.addressBytes())).toList();
  }
}
