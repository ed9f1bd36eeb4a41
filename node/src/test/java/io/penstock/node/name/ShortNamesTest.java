package io.penstock.node.name;

import static io.penstock.node.name.NameWorld.network;
import static io.penstock.node.name.NameWorld.node;
import static io.penstock.node.name.NameWorld.peer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.PeerSnapshot;
import io.penstock.node.peer.PeerBook;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Names without a dot: which are a peer's, and which stay the machine's.
class ShortNamesTest {

  private static final LookupPolicy ANY = LookupPolicy.of(LookupPolicy.IPV4 | LookupPolicy.IPV6);
  private static final String ZONE = "penstock.internal";
  private static final String DB_4 = "10.86.0.9";
  private static final String DB_6 = "fd7c:4a1b:93e2::9";
  private static final String MACHINES = "192.0.2.1";

  @TempDir private Path directory;

  private NameWorld world;

  @BeforeEach
  void start() throws Exception {
    Path hosts = directory.resolve("hosts");
    Files.writeString(
        hosts,
        """
        # the machine's own
        127.0.0.1\tlocalhost
        10.1.2.3   Printer.example.com   Printer # upstairs
        10.1.2.4#nobody

        """);
    world = new NameWorld(hosts);
  }

  private static RunningNode unheard(PeerBook book, Duration patience) {
    return node("web", Optional.of(network(ZONE)), book, () -> {}, _ -> true, patience);
  }

  @ParameterizedTest
  @ValueSource(strings = {"db", "DB", "Db"})
  void a_name_that_a_peer_bears_is_answered_by_the_node_and_not_told(String host) throws Exception {
    world.nodes.add(node("web", ZONE, peer("db", DB_4, DB_6)));
    assertThat(world.found(host, ANY)).containsExactly(DB_4, DB_6);
    assertThat(world.found(host, LookupPolicy.of(LookupPolicy.IPV6))).containsExactly(DB_6);
    assertThat(world.machine.asked).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"localhost", "LOCALHOST", "workstation", "Workstation", "printer", "PRINTER"})
  void what_the_machine_calls_itself_stays_its_own_whatever_peers_are_called(String host)
      throws Exception {
    world.nodes.add(
        node(
            "web",
            ZONE,
            peer("localhost", "10.86.0.3"),
            peer("workstation", "10.86.0.4"),
            peer("printer", "10.86.0.5")));
    assertThat(world.found(host, ANY)).containsExactly(MACHINES);
    assertThat(world.machine.asked).containsExactly(host);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "other", "upstairs", "db.", "_db", "db-", "", "penstock"})
  void what_no_peer_bears_is_the_machines_at_once(String host) throws Exception {
    world.nodes.add(node("web", ZONE, peer("db", DB_4), peer("upstairs-2", "10.86.0.6")));
    assertThat(world.found(host, ANY)).containsExactly(MACHINES);
    assertThat(world.machine.asked).containsExactly(host);
  }

  @Test
  void a_comment_in_the_hosts_file_is_no_name() throws Exception {
    world.nodes.add(node("web", ZONE, peer("upstairs", DB_4), peer("nobody", DB_6)));
    assertThat(world.found("upstairs", ANY)).containsExactly(DB_4);
    assertThat(world.found("nobody", ANY)).containsExactly(DB_6);
    assertThat(world.machine.asked).isEmpty();
  }

  @Test
  void a_node_may_leave_them_to_the_machine() throws Exception {
    PeerBook book = new PeerBook(System::nanoTime);
    book.snapshot(new PeerSnapshot(1, List.of(peer("db", DB_4), peer("app", "10.86.0.7"))));
    Predicate<String> allButApp = label -> !label.equals("app");
    world.nodes.add(
        node("web", Optional.of(network(ZONE)), book, () -> {}, allButApp, Duration.ofMillis(1)));
    assertThat(world.found("app", ANY)).containsExactly(MACHINES);
    assertThat(world.found("db", ANY)).containsExactly(DB_4);
    assertThat(world.machine.asked).containsExactly("app");
  }

  @Test
  void a_peer_that_cannot_be_reached_is_not_looked_up_elsewhere() {
    world.nodes.add(node("web", ZONE, peer("db")));
    assertThatThrownBy(() -> world.found("db", ANY))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("no node of this program can reach");
    assertThat(world.machine.asked).isEmpty();
  }

  @Test
  void a_name_that_means_two_hosts_is_refused() {
    world.nodes.add(node("a", ZONE, peer("db", DB_4)));
    world.nodes.add(node("b", ZONE, peer("db", "10.86.0.10")));
    assertThatThrownBy(() -> world.found("db", ANY)).isInstanceOf(UnknownHostException.class);
    assertThat(world.machine.asked).isEmpty();
  }

  @Test
  void a_node_that_has_not_heard_of_its_peers_is_waited_for() throws Exception {
    PeerBook book = new PeerBook(System::nanoTime);
    world.nodes.add(unheard(book, Duration.ofMinutes(1)));
    CompletableFuture<List<String>> found =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return world.found("db", ANY);
              } catch (UnknownHostException e) {
                throw new IllegalStateException(e);
              }
            },
            Thread::startVirtualThread);
    assertThat(found).isNotDone();
    book.lost();
    assertThat(found).isNotDone();
    book.snapshot(new PeerSnapshot(1, List.of(peer("db", DB_4))));
    assertThat(found.get(30, TimeUnit.SECONDS)).containsExactly(DB_4);
    assertThat(world.machine.asked).isEmpty();
  }

  @Test
  void what_the_machine_calls_itself_is_not_waited_for() throws Exception {
    world.nodes.add(unheard(new PeerBook(System::nanoTime), Duration.ofHours(1)));
    assertThat(world.found("localhost", ANY)).containsExactly(MACHINES);
    assertThat(world.found("printer", ANY)).containsExactly(MACHINES);
  }

  @Test
  void a_node_that_does_not_hear_is_not_waited_for_longer_than_its_patience() throws Exception {
    world.nodes.add(unheard(new PeerBook(System::nanoTime), Duration.ofMillis(1)));
    assertThat(world.found("db", ANY)).containsExactly(MACHINES);
  }

  @Test
  void a_peer_is_still_known_while_the_gateway_is_not_heard() throws Exception {
    PeerBook book = new PeerBook(System::nanoTime);
    book.snapshot(new PeerSnapshot(1, List.of(peer("db", DB_4))));
    world.nodes.add(unheard(book, Duration.ofMinutes(1)));
    book.lost();
    assertThat(world.found("db", ANY)).containsExactly(DB_4);
    assertThat(world.found("other", ANY)).containsExactly(MACHINES);
  }

  @Test
  void a_peers_name_stays_private_after_the_node_was_closed() {
    RunningNode node = node("web", ZONE, peer("db", DB_4));
    world.nodes.add(node);
    world.nodes.remove(node);
    assertThatThrownBy(() -> world.found("db", ANY))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("db was a node of an overlay");
    assertThat(world.machine.asked).isEmpty();
  }

  @Test
  void the_jdk_gives_a_peers_name_to_the_node_and_a_backends_to_the_machine() throws Exception {
    RunningNode node = node("web", ZONE, peer("short-name-of-a-peer", DB_4));
    RunningNodes.ofThisProcess().add(node);
    try {
      assertThat(InetAddress.getAllByName("short-name-of-a-peer"))
          .extracting(InetAddress::getHostAddress)
          .containsExactly(DB_4);
      assertThatThrownBy(() -> MachineHosts.addresses("short-name-of-a-peer"))
          .isInstanceOf(UnknownHostException.class);
      assertThat(MachineHosts.addresses("localhost"))
          .allMatch(InetAddress::isLoopbackAddress)
          .isNotEmpty();
      assertThat(MachineHosts.addresses("127.0.0.1"))
          .containsExactly(InetAddress.ofLiteral("127.0.0.1"));
      assertThat(InetAddress.getLocalHost()).isNotNull();
    } finally {
      RunningNodes.ofThisProcess().remove(node);
    }
  }
}
