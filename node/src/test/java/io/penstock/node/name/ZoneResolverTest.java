package io.penstock.node.name;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.api.IsdAs;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.peer.Joining;
import io.penstock.node.peer.OverlayNames;
import io.penstock.node.peer.PeerBook;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What goes to the running nodes, and what to the resolver of the machine.
class ZoneResolverTest {

  private static final LookupPolicy ANY = LookupPolicy.of(LookupPolicy.IPV4 | LookupPolicy.IPV6);
  private static final String DB_4 = "10.86.0.9";
  private static final String DB_6 = "fd7c:4a1b:93e2::9";

  private final RunningNodes nodes = new RunningNodes();
  private final Machine machine = new Machine();
  private final ZoneResolver resolver = new ZoneResolver(nodes, machine);

  /// The resolver of the machine, which writes down what it is asked.
  private static final class Machine implements InetAddressResolver {

    private final List<String> asked = new ArrayList<>();

    @Override
    public Stream<InetAddress> lookupByName(String host, LookupPolicy policy) {
      asked.add(host);
      return Stream.of(InetAddress.ofLiteral("192.0.2.1"));
    }

    @Override
    public String lookupByAddress(byte[] address) {
      asked.add(IpAddress.of(address).toString());
      return "host.example";
    }
  }

  private static OverlayNetwork network(String zone) {
    return new OverlayNetwork(
        List.of(IpPrefix.parse("10.86.0.0/16"), IpPrefix.parse("fd7c:4a1b:93e2::/64")),
        1280,
        zone,
        List.of(IpAddress.parse("10.86.0.1")),
        IsdAs.parse("16-64512"),
        600,
        10_000);
  }

  private static PeerInfo peer(String name, String... addresses) {
    List<IpAddress> all = Arrays.stream(addresses).map(IpAddress::parse).toList();
    Map<IpAddress, Long> generations =
        all.stream().collect(Collectors.toMap(address -> address, _ -> 1L));
    return new PeerInfo(UUID.randomUUID(), name, "ann", all, true, generations, Optional.empty());
  }

  private static RunningNode node(String name, String zone, PeerInfo... peers) {
    PeerBook book = new PeerBook(System::nanoTime);
    book.snapshot(new PeerSnapshot(1, List.of(peers)));
    return node(name, Optional.of(network(zone)), book, () -> {});
  }

  private static RunningNode node(
      String name, Optional<OverlayNetwork> network, PeerBook book, Joining joining) {
    OverlayNames names =
        new OverlayNames(
            () -> network,
            () -> List.of(IpAddress.parse("10.86.0.2"), IpAddress.parse("fd7c:4a1b:93e2::2")),
            book,
            Duration.ofMillis(1));
    return new RunningNode(
        name, names, new OverlayResolver(names, joining), SocketFactory.getDefault());
  }

  private List<String> found(String host, LookupPolicy policy) throws UnknownHostException {
    try (Stream<InetAddress> found = resolver.lookupByName(host, policy)) {
      return found.map(each -> new IpAddress(each).toString()).toList();
    }
  }

  private static byte[] bytes(String address) {
    return IpAddress.parse(address).bytes();
  }

  @ParameterizedTest
  @ValueSource(strings = {"db.penstock.internal", "DB.Penstock.Internal", "db.penstock.internal."})
  void a_name_of_the_zone_is_answered_by_the_node(String host) throws Exception {
    nodes.add(node("web", "penstock.internal", peer("db", DB_4, DB_6)));
    assertThat(found(host, ANY)).containsExactly(DB_4, DB_6);
    assertThat(machine.asked).isEmpty();
  }

  @Test
  void the_caller_chooses_versions_and_their_order() throws Exception {
    nodes.add(node("web", "penstock.internal", peer("db", DB_4, DB_6), peer("old", "10.86.0.7")));
    String db = "db.penstock.internal";
    assertThat(found(db, LookupPolicy.of(LookupPolicy.IPV4))).containsExactly(DB_4);
    assertThat(found(db, LookupPolicy.of(LookupPolicy.IPV6))).containsExactly(DB_6);
    assertThat(
            found(
                db,
                LookupPolicy.of(LookupPolicy.IPV4 | LookupPolicy.IPV6 | LookupPolicy.IPV6_FIRST)))
        .containsExactly(DB_6, DB_4);
    assertThatThrownBy(() -> found("old.penstock.internal", LookupPolicy.of(LookupPolicy.IPV6)))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("10.86.0.7");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "db",
        "example.com",
        "penstock.internal.example.com",
        "notpenstock.internal",
        "internal"
      })
  void every_other_name_is_the_machines(String host) throws Exception {
    nodes.add(node("web", "penstock.internal", peer("db", DB_4)));
    assertThat(found(host, ANY)).containsExactly("192.0.2.1");
    assertThat(machine.asked).containsExactly(host);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "db.penstock.internal",
        "penstock.internal",
        "a.b.penstock.internal",
        "_x.penstock.internal"
      })
  void a_name_of_the_zone_never_reaches_the_machine_whatever_becomes_of_it(String host) {
    assertThatThrownBy(() -> found(host, ANY))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining(host)
        .hasMessageContaining("no node runs in this program")
        .hasMessageContaining("Node.start");
    nodes.add(node("web", "penstock.internal", peer("other", "10.86.0.7")));
    assertThatThrownBy(() -> found(host, ANY))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining(host + " is known to no node of this program: web says: ");
    assertThat(machine.asked).isEmpty();
  }

  @Test
  void who_has_not_joined_says_why() {
    nodes.add(
        node(
            "web",
            Optional.empty(),
            new PeerBook(System::nanoTime),
            () -> {
              throw new SocketTimeoutException("no token today");
            }));
    assertThatThrownBy(() -> found("db.penstock.internal", ANY))
        .hasMessageContaining("web says:")
        .hasMessageContaining("no token today");
  }

  @Test
  void a_zone_of_a_gateways_own_stays_private_after_its_node_is_gone() throws Exception {
    RunningNode node = node("web", "corp.example", peer("db", DB_4));
    nodes.add(node);
    assertThat(found("db.corp.example", ANY)).containsExactly(DB_4);
    nodes.remove(node);
    assertThatThrownBy(() -> found("db.corp.example", ANY))
        .isInstanceOf(UnknownHostException.class);
    assertThatThrownBy(() -> resolver.lookupByAddress(bytes(DB_4)))
        .isInstanceOf(UnknownHostException.class);
    assertThat(machine.asked).isEmpty();
  }

  @Test
  void one_of_several_nodes_knows_it() throws Exception {
    nodes.add(node("a", "penstock.internal", peer("web", "10.86.0.8")));
    nodes.add(node("b", "penstock.internal", peer("db", DB_4)));
    nodes.add(node("c", "penstock.internal", peer("db", DB_4, DB_6)));
    assertThat(found("db.penstock.internal", ANY)).containsExactly(DB_4, DB_6);
  }

  @Test
  void a_name_that_means_two_hosts_is_refused() {
    nodes.add(node("a", "penstock.internal", peer("db", DB_4)));
    nodes.add(node("b", "penstock.internal", peer("db", "10.86.0.10")));
    assertThatThrownBy(() -> found("db.penstock.internal", ANY))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining(DB_4)
        .hasMessageContaining("10.86.0.10");
  }

  @Test
  void addresses_of_the_overlay_have_the_names_of_their_nodes_and_others_are_the_machines()
      throws IOException {
    nodes.add(node("web", "penstock.internal", peer("db", DB_4, DB_6)));
    assertThat(resolver.lookupByAddress(bytes(DB_4))).isEqualTo("db.penstock.internal");
    assertThat(resolver.lookupByAddress(bytes(DB_6))).isEqualTo("db.penstock.internal");
    assertThat(resolver.lookupByAddress(bytes("10.86.0.1"))).isEqualTo("gateway.penstock.internal");
    assertThatThrownBy(() -> resolver.lookupByAddress(bytes("10.86.9.9")))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("10.86.9.9");
    assertThat(machine.asked).isEmpty();
    assertThat(resolver.lookupByAddress(bytes("10.87.0.1"))).isEqualTo("host.example");
    assertThat(machine.asked).containsExactly("10.87.0.1");
  }

  @Test
  void the_jdk_asks_it() {
    assertThatThrownBy(() -> InetAddress.getAllByName("db.penstock.internal"))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("no node runs in this program");
  }

  // ---- by the name of the node ----

  @Test
  void a_node_is_found_by_its_name_and_without_one_if_it_is_alone() {
    assertThatThrownBy(() -> nodes.only(Optional.empty())).hasMessageContaining("Node.start");
    RunningNode web = node("web", "penstock.internal");
    nodes.add(web);
    assertThat(nodes.only(Optional.empty())).isSameAs(web);
    assertThat(nodes.only(Optional.of("web"))).isSameAs(web);
    assertThatThrownBy(() -> nodes.only(Optional.of("db")))
        .hasMessage("no node named \"db\" runs in this program, only web");
    nodes.add(node("db", "penstock.internal"));
    assertThatThrownBy(() -> nodes.only(Optional.empty()))
        .hasMessage("several nodes run in this program, web, db; name one");
    nodes.add(node("web", "penstock.internal"));
    assertThatThrownBy(() -> nodes.only(Optional.of("web")))
        .hasMessageContaining("2 nodes of this program are named \"web\"");
  }
}
