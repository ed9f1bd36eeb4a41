package io.penstock.node.stack;

import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.OverlayNetwork;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.transport.netstack.NetStackDriver;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which addresses the stack of a node has: those that its tunnel was given last, at most one of
/// each family.
///
/// An address stays while the tunnel is away, and also when a new tunnel has not got it yet,
/// because IPv6 may come some seconds later; after the time for which the gateway keeps a lease it
/// is given up. When another address of the family comes in its place, connections from the old one
/// end and listeners move. Changed on the event loop; [#now] may be called from any thread.
public final class OwnAddresses {

  private static final Logger LOG = LoggerFactory.getLogger(OwnAddresses.class);

  /// How long an address is kept that the tunnel has not, before the gateway has said.
  private static final Duration DEFAULT_HOLD = Duration.ofMinutes(10);

  private final Supplier<Optional<OverlayNetwork>> network;
  private final Map<IpFamily, IpAddress> current = new EnumMap<>(IpFamily.class);
  private final Map<IpFamily, ScheduledFuture<?>> missing = new EnumMap<>(IpFamily.class);
  private @Nullable NetStackDriver driver;
  private List<IpAddress> early = List.of();
  private volatile List<IpAddress> now = List.of();

  /// @param network what the gateway has said of the network, empty before the first time
  public OwnAddresses(Supplier<Optional<OverlayNetwork>> network) {
    this.network = network;
  }

  /// The addresses now, IPv4 first; none before the node has joined.
  public List<IpAddress> now() {
    return now;
  }

  /// Sets whose addresses they are.
  void of(NetStackDriver stack) {
    stack
        .eventLoop()
        .execute(
            () -> {
              driver = stack;
              assigned(early);
            });
  }

  /// The tunnel has these addresses.
  public void assigned(List<IpAddress> given) {
    NetStackDriver stack = driver;
    if (stack == null) {
      early = given;
      return;
    }
    for (IpFamily family : IpFamily.values()) {
      Optional<IpAddress> next =
          given.stream().filter(address -> address.family() == family).findFirst();
      if (next.isPresent()) {
        has(stack, next.get());
      } else if (current.containsKey(family) && !missing.containsKey(family)) {
        missing.put(
            family,
            stack
                .eventLoop()
                .schedule(() -> gone(stack, family), holdNanos(), TimeUnit.NANOSECONDS));
      }
    }
    now = current.values().stream().sorted().toList();
  }

  private void has(NetStackDriver stack, IpAddress next) {
    ScheduledFuture<?> timer = missing.remove(next.family());
    if (timer != null) {
      timer.cancel(false);
    }
    IpAddress before = current.put(next.family(), next);
    if (before == null) {
      var _ = stack.addAddress(endpoint(next), prefixBits(next));
    } else if (!before.equals(next)) {
      LOG.info("address changed before={} now={}", before, next);
      var _ = stack.replaceAddress(endpoint(before), endpoint(next), prefixBits(next));
    }
  }

  private void gone(NetStackDriver stack, IpFamily family) {
    missing.remove(family);
    IpAddress lost = current.remove(family);
    if (lost != null) {
      LOG.info("address given up address={}", lost);
      var _ = stack.call(of -> of.removeAddress(endpoint(lost)));
      now = current.values().stream().sorted().toList();
    }
  }

  private long holdNanos() {
    return network
        .get()
        .map(known -> Duration.ofSeconds(known.holdSeconds()))
        .orElse(DEFAULT_HOLD)
        .toNanos();
  }

  private int prefixBits(IpAddress address) {
    return network.get().stream()
        .flatMap(known -> known.ranges().stream())
        .filter(range -> range.contains(address))
        .mapToInt(IpPrefix::bits)
        .findFirst()
        .orElse(Byte.SIZE * address.bytes().length);
  }

  private static IpEndpoint endpoint(IpAddress address) {
    return IpEndpoint.of(address.bytes(), 0);
  }
}
