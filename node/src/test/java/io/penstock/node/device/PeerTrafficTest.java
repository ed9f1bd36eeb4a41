package io.penstock.node.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PeerTrafficTest {

  private static final UUID DB = new UUID(0, 1);
  private static final UUID WEB = new UUID(0, 2);
  private static final String SELF = "10.86.0.1";
  private static final String SELF_6 = "fd7c::1";

  private final PeerTraffic traffic = new PeerTraffic();

  private static PeerInfo peer(UUID id, String... addresses) {
    return new PeerInfo(
        id,
        "peer-" + id.getLeastSignificantBits(),
        "ann",
        Stream.of(addresses).map(IpAddress::parse).toList(),
        true,
        Map.of(),
        Optional.empty());
  }

  private void know(PeerInfo... peers) {
    traffic.know(new PeerSnapshot(1, List.of(peers)));
  }

  /// A packet in the middle of a buffer, as packets are.
  private static ByteBuf packet(String from, String to, int bytes) {
    byte[] source = IpAddress.parse(from).bytes();
    byte[] destination = IpAddress.parse(to).bytes();
    int before = source.length == 4 ? 12 : 8;
    return Unpooled.buffer()
        .writeZero(3)
        .writeByte(source.length == 4 ? 0x45 : 0x60)
        .writeZero(before - 1)
        .writeBytes(source)
        .writeBytes(destination)
        .writeZero(bytes - before - 2 * source.length)
        .skipBytes(3);
  }

  private void sent(ByteBuf packet) {
    PeerTally peer = traffic.destination(packet);
    if (peer != null) {
      peer.sent(packet.readableBytes());
    }
  }

  @Test
  void what_comes_and_goes_is_counted_for_the_peer_over_all_of_its_addresses() {
    know(peer(DB, "10.86.0.9", "fd7c::9"), peer(WEB, "10.86.0.10"));
    traffic.received(packet("10.86.0.9", SELF, 100));
    traffic.received(packet("fd7c::9", SELF_6, 60));
    sent(packet(SELF, "10.86.0.9", 1280));
    sent(packet(SELF_6, "fd7c::9", 40));
    sent(packet(SELF, "10.86.0.9", 20));
    assertThat(traffic.of(DB)).hasValue(new PeerCounters(160, 2, 1340, 3));
    assertThat(traffic.of(WEB)).hasValue(new PeerCounters(0, 0, 0, 0));
  }

  @Test
  void addresses_of_nobody_leave_nothing() {
    know(peer(DB, "10.86.0.9"));
    traffic.received(packet("10.86.0.77", SELF, 100));
    sent(packet(SELF, "224.0.0.22", 40));
    sent(packet(SELF_6, "ff02::2", 48));
    assertThat(traffic.of(DB)).hasValue(new PeerCounters(0, 0, 0, 0));
    assertThat(traffic.of(WEB)).isEmpty();
  }

  @Test
  void what_is_no_whole_ip_header_is_not_counted() {
    know(peer(DB, "0.0.0.0", "::"));
    for (int version : new int[] {0, 4, 5, 6, 15}) {
      for (int bytes = 0; bytes < (version == 6 ? 40 : 20); bytes++) {
        ByteBuf packet =
            Unpooled.buffer().writeZero(64).setByte(0, version << 4).writerIndex(bytes);
        traffic.received(packet);
        sent(packet);
      }
    }
    assertThat(traffic.of(DB)).hasValue(new PeerCounters(0, 0, 0, 0));
  }

  @Test
  void a_peer_keeps_its_figures_with_another_address_and_another_peer_at_it_has_its_own() {
    know(peer(DB, "10.86.0.9"));
    traffic.received(packet("10.86.0.9", SELF, 100));
    know(peer(DB, "10.86.0.11"), peer(WEB, "10.86.0.9"));
    traffic.received(packet("10.86.0.9", SELF, 30));
    traffic.received(packet("10.86.0.11", SELF, 50));
    assertThat(traffic.of(DB)).hasValue(new PeerCounters(150, 2, 0, 0));
    assertThat(traffic.of(WEB)).hasValue(new PeerCounters(30, 1, 0, 0));
  }

  @Test
  void a_peer_that_is_forgotten_begins_anew() {
    know(peer(DB, "10.86.0.9"));
    sent(packet(SELF, "10.86.0.9", 100));
    know();
    sent(packet(SELF, "10.86.0.9", 100));
    assertThat(traffic.of(DB)).isEmpty();
    know(peer(DB, "10.86.0.9"));
    assertThat(traffic.of(DB)).hasValue(new PeerCounters(0, 0, 0, 0));
  }

  @Test
  void thousands_of_peers_are_told_apart() {
    List<PeerInfo> peers = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      peers.add(peer(new UUID(1, i), address4(i), address6(i)));
    }
    traffic.know(new PeerSnapshot(1, peers));
    for (int i = 0; i < peers.size(); i++) {
      traffic.received(packet(address4(i), SELF, 20 + i % 100));
      sent(packet(SELF_6, address6(i), 40 + i % 50));
    }
    for (int i = 0; i < peers.size(); i++) {
      assertThat(traffic.of(new UUID(1, i)))
          .hasValue(new PeerCounters(20 + i % 100, 1, 40 + i % 50, 1));
    }
  }

  private static String address4(int i) {
    return "10.86." + i / 256 + "." + i % 256;
  }

  private static String address6(int i) {
    return "fd7c:0:0:" + Integer.toHexString(i + 1) + "::" + Integer.toHexString(i + 1);
  }
}
