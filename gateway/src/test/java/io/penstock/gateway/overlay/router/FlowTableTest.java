package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.gateway.overlay.router.FlowTable.Opened;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The table against a map that is easy to believe.
class FlowTableTest {

  private static final long LIFETIME = 1_000;

  private final FlowKey key = new FlowKey();

  private record Flow(int node1, int node2, int port1, int port2) {}

  private void set(Flow flow) {
    ByteBuf packet =
        Packets.udp("10.64.0." + flow.node1, "10.64.0." + flow.node2, flow.port1, flow.port2, 0);
    IpPacket view = new IpPacket();
    view.parse(packet);
    key.set(view, packet);
    packet.release();
  }

  private static Flow draw(SeededRandom random) {
    int node1 = random.between(1, 5);
    int node2 = random.between(1, 5);
    return new Flow(
        node1, node1 == node2 ? node2 + 1 : node2, random.between(1, 8), random.between(1, 8));
  }

  @Test
  void it_knows_what_a_map_knows_after_any_course_of_events() {
    Seeds.forEach(
        30,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          FlowTimeouts timeouts = new FlowTimeouts(1, 1, 1, LIFETIME, 1);
          FlowTable table = new FlowTable(100_000, 100_000, timeouts, seed * 77);
          FlowOwner owner = new FlowOwner();
          Map<Flow, Long> model = new HashMap<>();
          long now = Long.MAX_VALUE - 5_000;
          for (int step = 0; step < 5_000; step++) {
            now += random.between(0, 5);
            Flow flow = draw(random);
            Flow reverse = new Flow(flow.node2, flow.node1, flow.port2, flow.port1);
            set(flow);
            Long expires = model.containsKey(flow) ? model.get(flow) : model.get(reverse);
            boolean alive = expires != null && expires - now > 0;
            assertThat(table.knows(key, now)).isEqualTo(alive);
            assertThat(table.pass(key, 0, now)).isEqualTo(alive);
            Flow stored = model.containsKey(reverse) ? reverse : flow;
            if (alive) {
              model.put(stored, now + LIFETIME);
            } else if (random.percent(60)) {
              assertThat(table.open(key, 0, owner, now)).isEqualTo(Opened.YES);
              model.put(stored, now + LIFETIME);
            }
            if (random.percent(1)) {
              int gone = random.between(1, 6);
              table.forget(0, Packets.ip4("10.64.0." + gone));
              model.keySet().removeIf(f -> f.node1 == gone || f.node2 == gone);
            }
            assertThat(owner.flows()).isEqualTo(table.size());
          }
          table.clear();
          assertThat(table.size()).isZero();
          assertThat(owner.flows()).isZero();
        });
  }

  @Test
  void a_full_table_refuses_new_flows_and_keeps_the_old_ones() {
    FlowTable table = new FlowTable(64, 1_000, RouterConfig.DEFAULT.flows().timeouts(), 5);
    FlowOwner owner = new FlowOwner();
    Map<Flow, Opened> results = new HashMap<>();
    for (int port = 1; port <= 500; port++) {
      Flow flow = new Flow(1, 2, port, 53);
      set(flow);
      results.put(flow, table.open(key, 0, owner, 0));
    }
    assertThat(table.size()).isEqualTo(64);
    results.forEach(
        (flow, opened) -> {
          set(flow);
          assertThat(table.knows(key, 1)).isEqualTo(opened == Opened.YES);
        });
  }

  @Test
  void a_flow_that_both_ends_open_at_once_is_one_flow() {
    FlowTable table = new FlowTable(64, 64, RouterConfig.DEFAULT.flows().timeouts(), 5);
    FlowOwner first = new FlowOwner();
    FlowOwner second = new FlowOwner();
    set(new Flow(1, 2, 3, 4));
    assertThat(table.open(key, 0, first, 0)).isEqualTo(Opened.YES);
    set(new Flow(2, 1, 4, 3));
    assertThat(table.open(key, 0, second, 0)).isEqualTo(Opened.YES);

    assertThat(table.size()).isEqualTo(1);
    assertThat(first.flows()).isEqualTo(1);
    assertThat(second.flows()).isZero();
  }

  @Test
  void the_same_ports_of_another_protocol_are_another_flow() {
    FlowTable table = new FlowTable(64, 64, RouterConfig.DEFAULT.flows().timeouts(), 5);
    set(new Flow(1, 2, 3, 4));
    table.open(key, 0, new FlowOwner(), 0);
    assertThat(key.protocol()).isEqualTo(IpProtocol.UDP);
    ByteBuf packet = Packets.tcp("10.64.0.1", "10.64.0.2", 3, 4, 0);
    IpPacket view = new IpPacket();
    view.parse(packet);
    key.set(view, packet);
    packet.release();

    assertThat(table.knows(key, 0)).isFalse();
  }
}
