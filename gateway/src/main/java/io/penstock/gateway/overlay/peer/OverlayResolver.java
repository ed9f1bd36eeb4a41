package io.penstock.gateway.overlay.peer;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.NodeName;
import io.penstock.api.PeerInfo;
import io.penstock.gateway.overlay.lease.PoolConfig;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Answers DNS queries for the zone of the overlay, and for the names of its addresses: a function
/// from the bytes of a query to those of the answer.
///
/// - `NAME.ZONE` has A and AAAA records for the addresses of the peer of that name, and
///   `gateway.ZONE` for the gateway's own.
/// - An address of the network, written backwards below `in-addr.arpa` or `ip6.arpa`, has a PTR
///   record (RFC 1035, section 3.5; RFC 3596, section 2.5).
/// - What there might be but is not, is denied with a start of authority (RFC 2308). What is not
///   ours is refused: this is no way to any other name server, so no name of the overlay leaves it.
///
/// Who may not see a peer finds no such name. Never blocks; safe for use by several threads.
public final class OverlayResolver {

  /// After a hold an address may be another node's; half a minute late is early enough.
  private static final int TTL_SECONDS = 30;

  /// A node that comes up is found soon, also by those who asked too early.
  private static final int NEGATIVE_TTL_SECONDS = 5;

  private static final int INTERNET = 1;
  private static final int ANY = 255;

  private final String zone;
  private final List<String> zoneLabels;
  private final PoolConfig ranges;
  private final PeerDirectory directory;
  private final PeerVisibility visibility;

  /// Makes a resolver.
  ///
  /// @param zone in lower case, without a dot at its end
  public OverlayResolver(
      String zone, PoolConfig ranges, PeerDirectory directory, PeerVisibility visibility) {
    this.zone = zone;
    this.zoneLabels = List.of(zone.split("\\.", -1));
    this.ranges = ranges;
    this.directory = directory;
    this.visibility = visibility;
  }

  /// Answers a query.
  ///
  /// @param query the payload of a datagram to port 53 of the gateway's own address
  /// @param from the overlay address that it came from
  /// @return the payload of the answer; empty when there is nothing to be said
  public Optional<byte[]> answer(byte[] query, IpAddress from) {
    return switch (DnsQuery.read(query)) {
      case DnsQuery.Reading.Silent _ -> Optional.empty();
      case DnsQuery.Reading.Wrong wrong -> Optional.of(DnsAnswer.toWrong(wrong));
      case DnsQuery.Reading.Read(var read) -> Optional.of(answer(read, from));
    };
  }

  private byte[] answer(DnsQuery query, IpAddress from) {
    DnsAnswer answer = new DnsAnswer(query);
    if (query.edns().filter(version -> version != 0).isPresent()) {
      return answer.bytes(DnsAnswer.BAD_VERSION, false);
    }
    Optional<PeerInfo> asking = directory.byAddress(from);
    if (query.dnsClass() != INTERNET || asking.isEmpty()) {
      return answer.bytes(DnsAnswer.REFUSED, false);
    }
    PeerViewer viewer = new PeerViewer(asking.get().user(), Optional.of(asking.get().name()));
    List<String> labels = query.labels();
    int own = labels.size() - zoneLabels.size();
    if (own >= 0 && labels.subList(own, labels.size()).equals(zoneLabels)) {
      return forward(answer, query.type(), labels.subList(0, own), viewer);
    }
    return switch (ReverseName.read(labels)) {
      case ReverseName.Address(var address) when isOurs(address) ->
          backward(answer, query.type(), address, viewer);
      case ReverseName.Part(var range) when isOurs(range) -> nothing(answer);
      default -> answer.bytes(DnsAnswer.REFUSED, false);
    };
  }

  /// @param labels those before the zone
  private byte[] forward(DnsAnswer answer, int type, List<String> labels, PeerViewer viewer) {
    if (labels.isEmpty()) {
      return apex(answer, type);
    }
    Optional<List<IpAddress>> addresses =
        labels.size() == 1 ? addresses(labels.getFirst(), viewer) : Optional.empty();
    if (addresses.isEmpty()) {
      return denied(answer).bytes(DnsAnswer.NO_SUCH_NAME, true);
    }
    boolean any = false;
    for (IpAddress address : addresses.get()) {
      int has = address.family() == IpFamily.IPV4 ? DnsAnswer.A : DnsAnswer.AAAA;
      if (type == has || type == ANY) {
        answer.answer(has, TTL_SECONDS, address.bytes());
        any = true;
      }
    }
    return any ? answer.bytes(DnsAnswer.NO_ERROR, true) : nothing(answer);
  }

  private Optional<List<IpAddress>> addresses(String name, PeerViewer viewer) {
    if (name.equals(NodeName.GATEWAY)) {
      List<IpAddress> own = new ArrayList<>();
      for (IpFamily family : IpFamily.values()) {
        ranges.ownAddress(family).ifPresent(own::add);
      }
      return Optional.of(own);
    }
    return directory
        .byName(name)
        .filter(peer -> visibility.sees(viewer, peer))
        .map(PeerInfo::addresses);
  }

  private byte[] apex(DnsAnswer answer, int type) {
    return switch (type) {
      case DnsAnswer.SOA, ANY ->
          answer
              .answer(DnsAnswer.SOA, TTL_SECONDS, startOfAuthority())
              .bytes(DnsAnswer.NO_ERROR, true);
      case DnsAnswer.NS ->
          answer
              .answer(DnsAnswer.NS, TTL_SECONDS, DnsAnswer.name(NodeName.GATEWAY + "." + zone))
              .bytes(DnsAnswer.NO_ERROR, true);
      default -> nothing(answer);
    };
  }

  private byte[] backward(DnsAnswer answer, int type, IpAddress address, PeerViewer viewer) {
    Optional<String> name =
        ranges.ownAddress(address.family()).filter(address::equals).isPresent()
            ? Optional.of(NodeName.GATEWAY)
            : directory
                .byAddress(address)
                .filter(peer -> visibility.sees(viewer, peer))
                .map(PeerInfo::name);
    if (name.isEmpty()) {
      return denied(answer).bytes(DnsAnswer.NO_SUCH_NAME, true);
    }
    if (type != DnsAnswer.PTR && type != ANY) {
      return nothing(answer);
    }
    return answer
        .answer(DnsAnswer.PTR, TTL_SECONDS, DnsAnswer.name(name.get() + "." + zone))
        .bytes(DnsAnswer.NO_ERROR, true);
  }

  private boolean isOurs(IpAddress address) {
    return ranges.range(address.family()).filter(range -> range.contains(address)).isPresent();
  }

  /// Whether some of our addresses are in a range: then its name exists, though it has no records
  /// (RFC 8020).
  private boolean isOurs(IpPrefix part) {
    return ranges
        .range(part.family())
        .filter(range -> range.contains(part.network()) || part.contains(range.network()))
        .isPresent();
  }

  /// There is such a name, but it has no record of the type.
  private byte[] nothing(DnsAnswer answer) {
    return denied(answer).bytes(DnsAnswer.NO_ERROR, true);
  }

  private DnsAnswer denied(DnsAnswer answer) {
    return answer.authority(zone, NEGATIVE_TTL_SECONDS, startOfAuthority());
  }

  private byte[] startOfAuthority() {
    byte[] server = DnsAnswer.name(NodeName.GATEWAY + "." + zone);
    byte[] mailbox = DnsAnswer.name("hostmaster." + zone);
    ByteBuffer numbers = ByteBuffer.allocate(5 * Integer.BYTES);
    // Serial, refresh, retry, expire; nobody copies this zone, so only the last one means anything.
    numbers.putInt((int) directory.revision()).putInt(3600).putInt(600).putInt(86_400);
    numbers.putInt(NEGATIVE_TTL_SECONDS);
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    data.writeBytes(server);
    data.writeBytes(mailbox);
    data.writeBytes(numbers.array());
    return data.toByteArray();
  }
}
