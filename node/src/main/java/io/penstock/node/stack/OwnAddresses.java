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
  private volatile List<IpAddress> now = List.of();

  /// @param network what the gateway has said of the network, empty before the first time
  public OwnAddresses(Supplier<Optional<OverlayNetwork>> network) {
    this.network = network;
  }

  /// The addresses now, IPv4 first; none before the node has joined.
  public List<IpAddress> now() {
    return now;
  }

  /// Sets whose addresses they are; before the first [#assigned].
  public void of(NetStackDriver stack) {
    driver = stack;
  }

  /// The tunnel has these addresses.
  public void assigned(List<IpAddress> given) {
    for (IpFamily family : IpFamily.values()) {
      Optional<IpAddress> next =
          given.stream().filter(address -> address.family() == family).findFirst();
      if (next.isPresent()) {
        has(family, next.get());
      } else if (current.containsKey(family) && !missing.containsKey(family)) {
        missing.put(
            family,
            driver().eventLoop().schedule(() -> gone(family), holdNanos(), TimeUnit.NANOSECONDS));
      }
    }
    now = current.values().stream().sorted().toList();
  }

  private void has(IpFamily family, IpAddress next) {
    ScheduledFuture<?> timer = missing.remove(family);
    if (timer != null) {
      timer.cancel(false);
    }
    IpAddress before = current.put(family, next);
    if (before == null) {
      var _ = driver().addAddress(endpoint(next), prefixBits(next));
    } else if (!before.equals(next)) {
      LOG.info("address changed before={} now={}", before, next);
      var _ = driver().replaceAddress(endpoint(before), endpoint(next), prefixBits(next));
    }
  }

  private void gone(IpFamily family) {
    missing.remove(family);
    IpAddress lost = current.remove(family);
    if (lost != null) {
      LOG.info("address given up address={}", lost);
      var _ = driver().call(stack -> stack.removeAddress(endpoint(lost)));
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

  private NetStackDriver driver() {
    if (driver == null) {
      throw new IllegalStateException("there is no stack yet");
    }
    return driver;
  }

  private static IpEndpoint endpoint(IpAddress address) {
    return IpEndpoint.of(address.bytes(), 0);
  }
}
