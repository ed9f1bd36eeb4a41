package io.penstock.node.ping;

import static io.penstock.api.IpFamily.IPV4;
import static io.penstock.api.IpFamily.IPV6;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.IsdAs;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeLookupTest {

  private static final IpAddress DB_4 = IpAddress.parse("10.86.0.9");
  private static final IpAddress DB_6 = IpAddress.parse("fd7c:4a1b:93e2::9");
  private static final OverlayNetwork NETWORK =
      new OverlayNetwork(
          List.of(IpPrefix.parse("10.86.0.0/16")),
          1280,
          "penstock.internal",
          List.of(IpAddress.parse("10.86.0.1")),
          IsdAs.parse("16-64512"),
          600,
          10_000);

  private final List<PeerInfo> peers =
      new ArrayList<>(
          List.of(peer("db", true, DB_4, DB_6), peer("old", false, IpAddress.parse("10.86.0.7"))));

  @ParameterizedTest
  @ValueSource(strings = {"db", "DB", "db.penstock.internal", "db.penstock.internal."})
  void a_name_is_found_among_the_peers(String name) throws IOException {
    assertThat(find(name, IPV4, IPV6)).isEqualTo(new NodeLookup.Found(DB_4, true));
    assertThat(find(name, IPV6, IPV4)).isEqualTo(new NodeLookup.Found(DB_6, true));
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.1.2.3", "fd00::1"})
  void an_address_is_itself_and_asks_nobody(String address) throws IOException {
    NodeLookup.Found found =
        NodeLookup.parse(address)
            .in(
                NETWORK,
                List.of(IPV4),
                () -> {
                  throw new AssertionError("asked");
                });
    assertThat(found).isEqualTo(new NodeLookup.Found(IpAddress.parse(address), true));
  }

  @Test
  void a_node_that_is_away_is_found_and_said_to_be_away() throws IOException {
    assertThat(find("old", IPV4).online()).isFalse();
  }

  @Test
  void the_gateway_has_the_address_of_its_resolver() throws IOException {
    assertThat(find("gateway", IPV4).address()).isEqualTo(IpAddress.parse("10.86.0.1"));
  }

  @Test
  void an_unknown_name_is_told_with_those_that_there_are() {
    assertThatThrownBy(() -> find("bd", IPV4))
        .isInstanceOf(IOException.class)
        .hasMessage("there is no node \"bd\"; to be seen with this token are db, old");
    for (int i = 0; i < 20; i++) {
      peers.add(peer("n" + i, true, DB_4));
    }
    assertThatThrownBy(() -> find("bd", IPV4)).hasMessageEndingWith("n7 and 12 more");
    peers.clear();
    assertThatThrownBy(() -> find("bd", IPV4)).hasMessageContaining("none is to be seen");
  }

  @Test
  void another_zone_is_refused_by_name() {
    assertThatThrownBy(() -> find("db.example.com", IPV4))
        .hasMessageContaining("db.example.com is not in the zone")
        .hasMessageContaining("penstock.internal");
  }

  @Test
  void a_family_that_the_node_has_not_is_told() {
    assertThatThrownBy(() -> find("old", IPV6)).hasMessageContaining("old has no IPv6 address");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "-x", "10.0.0.256", "1.2.3", "fd00::g", "."})
  void what_can_be_no_node_is_refused(String text) {
    assertThatThrownBy(() -> NodeLookup.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("allowed is");
  }

  private NodeLookup.Found find(String text, IpFamily... families) throws IOException {
    return NodeLookup.parse(text).in(NETWORK, List.of(families), () -> new PeerSnapshot(1, peers));
  }

  private static PeerInfo peer(String name, boolean online, IpAddress... addresses) {
    return new PeerInfo(
        UUID.randomUUID(), name, "ann", List.of(addresses), online, Map.of(), Optional.empty());
  }
}
