package io.penstock.gateway.overlay.router;

import static io.penstock.gateway.overlay.router.Packets.udp;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.gateway.overlay.router.TestNetwork.TestNode;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TakeoverTest {

  private static final String A4 = "10.64.0.2";
  private static final String A6 = "fd00:64::2";
  private static final String B4 = "10.64.0.3";
  private static final String B6 = "fd00:64::3";

  private final TestNetwork net =
      new TestNetwork(RouterConfig.DEFAULT, OverlayPolicy.SAME_USER_ONLY);
  private final TestNode a = net.node("a", "ann", net.loop1, A4, A6);
  private final TestNode b = net.node("b", "ann", net.loop2, B4, B6);

  @AfterEach
  void close() {
    net.close();
  }

  @Test
  void a_newer_tunnel_takes_all_addresses_at_once() {
    TestPort olderPort = a.port();
    Attached older = a.reconnect(net.loop2, 2, A4, A6);
    assertThat(older.isCurrent()).isFalse();
    assertThat(a.attached().isCurrent()).isTrue();
    b.send(udp(B4, A4, 1, 2, 10));
    b.send(udp(B6, A6, 1, 2, 10));

    assertThat(a.drain()).isEqualTo(2);
    assertThat(olderPort.sent()).isEmpty();
  }

  @Test
  void what_a_superseded_tunnel_brings_is_dropped() {
    Attached older = a.reconnect(net.loop2, 2, A4, A6);
    older.receive(udp(A4, B4, 1, 2, 10));
    net.settle();

    b.hasNothing();
    assertThat(net.drops(DropReason.DETACHED)).isEqualTo(1);
    assertThat(net.drops(DropReason.SPOOFED_SOURCE)).isZero();
  }

  @Test
  void a_tunnel_whose_addresses_are_granted_anew_and_left_on_hold_is_told() {
    TestPort port = a.port();
    UUID node = UUID.randomUUID();

    net.router.hold(TestNetwork.leased(2, A4).getFirst(), node);
    net.settle();
    assertThat(port.displacements()).isZero();
    assertThat(a.attached().isCurrent()).isTrue();

    net.router.hold(TestNetwork.leased(2, A6).getFirst(), node);
    net.settle();
    assertThat(port.displacements()).isEqualTo(1);
    assertThat(a.attached().isCurrent()).isFalse();
  }

  @Test
  void a_tunnel_that_a_newer_one_takes_over_from_is_not_told_that_it_was_displaced() {
    TestPort port = a.port();
    Attached older = a.reconnect(net.loop2, 2, A4, A6);
    net.settle();

    assertThat(older.isCurrent()).isFalse();
    assertThat(port.displacements()).isZero();
  }

  @Test
  void the_end_of_the_older_tunnel_does_not_touch_the_newer_one() {
    Attached older = a.reconnect(net.loop2, 2, A4, A6);
    older.detach();
    older.detach();
    net.settle();
    b.send(udp(B4, A4, 1, 2, 10));

    assertThat(a.drain()).isEqualTo(1);
    assertThat(net.router.report().onHold()).isZero();
  }

  @Test
  void a_tunnel_that_comes_late_with_an_older_generation_takes_nothing() {
    Attached newest = a.attached();
    a.reconnect(net.loop2, 5, A4, A6);
    Attached five = a.attached();
    TestPort fivePort = a.port();
    a.reconnect(net.loop1, 4, A4, A6);

    assertThat(newest.isCurrent()).isFalse();
    assertThat(a.attached().isCurrent()).isFalse();
    assertThat(five.isCurrent()).isTrue();
    b.send(udp(B4, A4, 1, 2, 10));
    assertThat(fivePort.sent()).hasSize(1);
  }

  @Test
  void a_tunnel_that_keeps_one_address_goes_on_with_that() {
    Attached older = a.reconnect(net.loop2, 2, A4);

    assertThat(older.isCurrent()).isTrue();
    older.receive(udp(A6, B6, 1, 2, 10));
    older.receive(udp(A4, B4, 1, 2, 10));
    net.settle();
    assertThat(b.drain()).isEqualTo(1);
    assertThat(net.drops(DropReason.SPOOFED_SOURCE)).isEqualTo(1);
  }

  @Test
  void what_waited_for_the_older_tunnel_is_dropped_and_counted() {
    a.port().room(0);
    for (int i = 0; i < 5; i++) {
      b.send(udp(B4, A4, 1, 2, 10));
    }
    b.attached().receive(udp(B4, A4, 1, 2, 10));
    a.reconnect(net.loop2, 2, A4, A6);
    net.settle();

    assertThat(net.drops(DropReason.DETACHED)).isEqualTo(6);
    assertThat(net.router.report().queuedBytes()).isZero();
  }

  @Test
  void the_address_of_a_node_that_is_away_is_on_hold_and_silent() {
    a.attached().detach();
    net.settle();
    b.send(udp(B4, A4, 1, 2, 10));
    b.send(udp(B6, A6, 1, 2, 10));

    b.hasNothing();
    assertThat(net.drops(DropReason.ON_HOLD)).isEqualTo(2);
    assertThat(net.router.report().onHold()).isEqualTo(2);
  }

  @Test
  void a_released_address_is_unreachable() {
    a.attached().detach();
    TestNetwork.leased(1, A4, A6).forEach(net.router::release);
    b.send(udp(B4, A4, 1, 2, 10));

    assertThat(b.drain()).isEqualTo(1);
    assertThat(net.drops(DropReason.NO_ROUTE)).isEqualTo(1);
    assertThat(net.router.report().routes()).isEqualTo(2);
  }

  @Test
  void a_release_of_an_older_generation_touches_nothing() {
    a.reconnect(net.loop1, 7, A4, A6);
    net.router.release(TestNetwork.leased(6, A4).getFirst());
    b.send(udp(B4, A4, 1, 2, 10));

    assertThat(a.drain()).isEqualTo(1);
  }

  @Test
  void releasing_the_address_of_a_live_tunnel_ends_it() {
    TestNetwork.leased(1, A4, A6).forEach(net.router::release);

    assertThat(a.attached().isCurrent()).isFalse();
  }

  @Test
  void a_hold_known_from_before_a_restart_keeps_silence_until_its_node_is_back() {
    LeasedAddress lease = TestNetwork.leased(3, "10.64.0.9").getFirst();
    net.router.hold(lease, UUID.randomUUID());
    b.send(udp(B4, "10.64.0.9", 1, 2, 10));
    b.hasNothing();
    assertThat(net.drops(DropReason.ON_HOLD)).isEqualTo(1);

    net.router.hold(TestNetwork.leased(1, B4).getFirst(), UUID.randomUUID());
    assertThat(b.attached().isCurrent()).isTrue();
  }

  @Test
  void a_tunnel_may_be_given_other_addresses() {
    a.attached().reassign(TestNetwork.leased(2, A6, "10.64.0.20"));
    b.send(udp(B4, "10.64.0.20", 1, 2, 10));
    b.send(udp(B6, A6, 1, 2, 10));
    b.send(udp(B4, A4, 1, 2, 10));

    assertThat(a.drain()).isEqualTo(2);
    assertThat(net.drops(DropReason.ON_HOLD)).isEqualTo(1);
  }

  @Test
  void a_tunnel_may_be_attached_before_it_has_an_address() {
    TestNode late = net.node("late", "ann", net.loop1);
    assertThat(late.attached().isCurrent()).isTrue();
    late.attached().reassign(TestNetwork.leased(1, "10.64.0.30"));
    b.send(udp(B4, "10.64.0.30", 1, 2, 10));

    assertThat(late.drain()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "224.0.0.1", "fe80::1", "ff02::1", "::", "0.0.0.0"})
  void an_address_that_no_single_host_has_cannot_be_leased(String address) {
    assertThatThrownBy(() -> new LeasedAddress(Packets.address(address), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("address is");
  }

  @Test
  void a_closed_router_forwards_nothing_and_takes_no_tunnel() {
    b.attached().receive(udp(B4, A4, 1, 2, 10));
    net.router.close();
    net.settle();
    b.send(udp(B4, A4, 1, 2, 10));

    a.hasNothing();
    assertThat(net.drops(DropReason.DETACHED)).isEqualTo(2);
    assertThatThrownBy(() -> net.node("c", "ann", net.loop1, "10.64.0.40"))
        .isInstanceOf(IllegalStateException.class);
  }
}
