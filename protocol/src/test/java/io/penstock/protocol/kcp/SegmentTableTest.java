package io.penstock.protocol.kcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testkit.Seeds;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SegmentTableTest {

  @Test
  void a_number_beyond_the_table_is_not_mistaken_for_one_in_it() {
    SegmentTable<String> table = new SegmentTable<>();
    table.put(0, 3, "three");

    assertThat(table.get(0, 3)).isEqualTo("three");
    assertThat(table.get(0, 3 + 16)).isNull();
    assertThat(table.remove(0, 3 + 16)).isNull();
    assertThat(table.get(0, 3)).isEqualTo("three");
  }

  @Test
  void it_behaves_like_a_map_while_it_slides_and_grows_across_the_wrap() {
    Seeds.forEach(
        50,
        seed -> {
          SplittableRandom random = new SplittableRandom(seed);
          SegmentTable<Integer> table = new SegmentTable<>();
          Map<Integer, Integer> model = new HashMap<>();
          int from = -200;
          for (int i = 0; i < 1_000; i++) {
            int sn = from + random.nextInt(300);
            if (random.nextBoolean()) {
              table.put(from, sn, i);
              model.put(sn, i);
            } else {
              assertThat(table.remove(from, sn)).isEqualTo(model.remove(sn));
            }
            if (random.nextInt(3) == 0) {
              table.remove(from, from);
              model.remove(from);
              from++;
            }
            assertThat(table.get(from, sn)).isEqualTo(sn - from < 0 ? null : model.get(sn));
          }
        });
  }
}
