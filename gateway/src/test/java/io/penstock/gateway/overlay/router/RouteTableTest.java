package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RouteTableTest {

  private record Address(long high, long low) {}

  @Test
  void it_finds_what_a_map_finds_after_any_course_of_changes() {
    Seeds.forEach(
        50,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          Map<Address, RouteEntry> model = new HashMap<>();
          RouteTable table = RouteTable.EMPTY;
          for (int step = 0; step < 400; step++) {
            long high = random.percent(50) ? 0 : 0xfd00_0000_0000_0000L;
            Address address =
                new Address(high, random.between(1, 100) * (high == 0 ? 1L : 1L << 32));
            if (random.percent(60)) {
              RouteEntry entry = new RouteEntry(new UUID(1, step), step, new FlowOwner(), null);
              table = table.with(address.high, address.low, entry);
              model.put(address, entry);
            } else {
              table = table.without(address.high, address.low);
              model.remove(address);
            }
            assertThat(table.lookup(address.high, address.low)).isSameAs(model.get(address));
            assertThat(table.size()).isEqualTo(model.size());
          }
          RouteTable last = table;
          model.forEach(
              (address, entry) ->
                  assertThat(last.lookup(address.high, address.low)).isSameAs(entry));
        });
  }

  @Test
  void a_change_leaves_the_table_it_was_made_from_alone() {
    RouteEntry entry = new RouteEntry(new UUID(1, 1), 1, new FlowOwner(), null);
    RouteTable one = RouteTable.EMPTY.with(0, 7, entry);
    RouteTable none = one.without(0, 7);

    assertThat(RouteTable.EMPTY.lookup(0, 7)).isNull();
    assertThat(one.lookup(0, 7)).isSameAs(entry);
    assertThat(none.lookup(0, 7)).isNull();
  }
}
