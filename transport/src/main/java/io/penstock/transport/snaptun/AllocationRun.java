package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.Refusal;
import io.penstock.transport.quic.DatagramSender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Allocates what one request wants, one address after another: either the first that is granted,
/// or each, up to so many in a family.
///
/// An IPv6 address waits until path-MTU discovery has found that the path carries what IPv6 needs,
/// and is refused by name if it does not.
///
/// Runs on the connection's event loop; only the allocator runs elsewhere.
final class AllocationRun<T> {

  /// What came of it, in the order of the request.
  record Grants(List<AllocationId> ids, List<AddressRange> addresses, List<Refusal> refused) {}

  private static final Logger LOG = LoggerFactory.getLogger(AllocationRun.class);

  private static final long LOOK_NANOS = Duration.ofMillis(20).toNanos();

  private final OutsideWork<T> outside;
  private final PacketPath path;
  private final T claims;
  private final boolean each;
  private final Consumer<Grants> done;
  private final List<AllocationId> ids = new ArrayList<>(2);
  private final List<AddressRange> addresses = new ArrayList<>(2);
  private final List<Refusal> refused = new ArrayList<>(0);
  private List<AddressRange> wanted = List.of();
  private int at;

  AllocationRun(
      OutsideWork<T> outside, PacketPath path, T claims, boolean each, Consumer<Grants> done) {
    this.outside = outside;
    this.path = path;
    this.claims = claims;
    this.each = each;
    this.done = done;
  }

  void start(List<AddressRange> wanted) {
    this.wanted = wanted;
    next();
  }

  private void next() {
    if (at == wanted.size() || (!each && !ids.isEmpty())) {
      done.accept(new Grants(List.copyOf(ids), List.copyOf(addresses), List.copyOf(refused)));
    } else if (hasEnough(wanted.get(at).ipVersion())) {
      take(
          new Allocation.Refused(
              Allocation.Refused.Reason.REJECTED,
              "a client has at most %d of IPv%d"
                  .formatted(outside.config().maxPerFamily(), wanted.get(at).ipVersion())));
    } else if (wanted.get(at).ipVersion() == 6 && outside.config().leastIpv6Bytes() > 0) {
      awaitPath(System.nanoTime() + outside.config().pathWaitNanos());
    } else {
      allocate();
    }
  }

  private boolean hasEnough(int ipVersion) {
    long given = addresses.stream().filter(each -> each.ipVersion() == ipVersion).count();
    return given >= outside.config().maxPerFamily();
  }

  private void awaitPath(long untilNanos) {
    DatagramSender datagrams = path.datagrams();
    int carried = datagrams.readMaxPayloadBytes();
    int least = outside.config().leastIpv6Bytes();
    if (carried >= least) {
      allocate();
    } else if (untilNanos - System.nanoTime() <= 0 || !path.channel().isActive()) {
      take(
          new Allocation.Refused(
              Allocation.Refused.Reason.REJECTED,
              "IPv6 needs packets of " + least + " bytes, the path carries " + carried));
    } else {
      path.loop().schedule(() -> awaitPath(untilNanos), LOOK_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  private void allocate() {
    outside.allocate(
        claims, wanted.get(at), allocation -> path.loop().execute(() -> take(allocation)));
  }

  private void take(Allocation allocation) {
    switch (allocation) {
      case Allocation.Granted(AllocationId id, AddressRange address) -> {
        ids.add(id);
        addresses.add(address);
      }
      case Allocation.Refused(var reason, String why) -> {
        LOG.info("address refused wanted={} reason={} why=\"{}\"", wanted.get(at), reason, why);
        refused.add(new Refusal(at, why));
      }
    }
    at++;
    next();
  }
}
