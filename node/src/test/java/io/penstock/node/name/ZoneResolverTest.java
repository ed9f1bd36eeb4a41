package io.penstock.node.name;

import static io.penstock.node.name.NameWorld.node;
import static io.penstock.node.name.NameWorld.peer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IpAddress;
import io.penstock.node.peer.PeerBook;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What goes to the running nodes, and what to the resolver of the machine.
class ZoneResolverTest {

  private static final LookupPolicy ANY = LookupPolicy.of(LookupPolicy.IPV4 | LookupPolicy.IPV6);
  private static final String DB_4 = "10.86.0.9";
  private static final String DB_6 = "fd7c:4a1b:93e2::9";

  private final NameWorld world = new NameWorld();
  private final RunningNodes nodes = world.nodes;

  private List<String> found(String host, LookupPolicy policy) throws UnknownHostException {
    return world.found(host, policy);
  }

  private static byte[] bytes(String address) {
    return IpAddress.parse(address).bytes();
  }

  @ParameterizedTest
  @ValueSource(strings = {"db.penstock.internal", "DB.Penstock.Internal", "db.penstock.internal."})
  void a_name_of_the_zone_is_answered_by_the_node(String host) throws Exception {
    nodes.add(node("web", "penstock.internal", peer("db", DB_4, DB_6)));
    assertThat(found(host, ANY)).containsExactly(DB_4, DB_6);
    assertThat(world.machine.asked).isEmpty();
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
        "other",
        "db.",
        "example.com",
        "penstock.internal.example.com",
        "notpenstock.internal",
        "internal"
      })
  void every_other_name_is_the_machines(String host) throws Exception {
    nodes.add(node("web", "penstock.internal", peer("db", DB_4)));
    assertThat(found(host, ANY)).containsExactly("192.0.2.1");
    assertThat(world.machine.asked).containsExactly(host);
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
    assertThat(world.machine.asked).isEmpty();
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
    assertThatThrownBy(() -> world.resolver.lookupByAddress(bytes(DB_4)))
        .isInstanceOf(UnknownHostException.class);
    assertThat(world.machine.asked).isEmpty();
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
    assertThat(world.resolver.lookupByAddress(bytes(DB_4))).isEqualTo("db.penstock.internal");
    assertThat(world.resolver.lookupByAddress(bytes(DB_6))).isEqualTo("db.penstock.internal");
    assertThat(world.resolver.lookupByAddress(bytes("10.86.0.1")))
        .isEqualTo("gateway.penstock.internal");
    assertThatThrownBy(() -> world.resolver.lookupByAddress(bytes("10.86.9.9")))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("10.86.9.9");
    assertThat(world.machine.asked).isEmpty();
    assertThat(world.resolver.lookupByAddress(bytes("10.87.0.1"))).isEqualTo("host.example");
    assertThat(world.machine.asked).containsExactly("10.87.0.1");
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
