package io.penstock.protocol.netstack.ip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EntryTableTest {

  @Test
  void it_finds_what_a_map_finds_in_any_order_of_changes() {
    Seeds.forEach(
        200,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          EntryTable table = new EntryTable(100);
          Map<Integer, Integer> entryOfKey = new HashMap<>();
          List<Integer> byAge = new ArrayList<>();
          int[] keys = new int[100];
          for (int step = 0; step < 500; step++) {
            int key = random.between(0, 150);
            Integer entry = entryOfKey.get(key);
            assertThat(find(table, keys, key)).isEqualTo(entry == null ? EntryTable.NONE : entry);
            if (entry == null) {
              int added = table.add(hash(key));
              assertThat(added == EntryTable.NONE).isEqualTo(entryOfKey.size() == 100);
              if (added != EntryTable.NONE) {
                keys[added] = key;
                entryOfKey.put(key, added);
                byAge.add(key);
              }
            } else if (random.percent(30)) {
              table.touch(entry);
              byAge.remove(Integer.valueOf(key));
              byAge.add(key);
            } else {
              table.remove(entry);
              entryOfKey.remove(key);
              byAge.remove(Integer.valueOf(key));
            }
            assertThat(table.size()).isEqualTo(entryOfKey.size());
          }
          assertThat(keysByAge(table, keys)).isEqualTo(byAge);
        });
  }

  /// Few different values, so that many keys fall together.
  private static int hash(int key) {
    return key % 7;
  }

  private static int find(EntryTable table, int[] keys, int key) {
    int entry = table.first(hash(key));
    while (entry != EntryTable.NONE && keys[entry] != key) {
      entry = table.next(entry);
    }
    return entry;
  }

  private static List<Integer> keysByAge(EntryTable table, int[] keys) {
    List<Integer> found = new ArrayList<>();
    for (int e = table.oldest(); e != EntryTable.NONE; e = table.younger(e)) {
      found.add(keys[e]);
    }
    return found;
  }

  @Test
  void a_number_that_was_given_back_is_given_out_before_a_new_one() {
    EntryTable table = new EntryTable(3);
    assertThat(table.add(1)).isZero();
    assertThat(table.add(1)).isEqualTo(1);
    table.remove(0);

    assertThat(table.add(5)).isZero();
    assertThat(table.add(5)).isEqualTo(2);
    assertThat(table.isFull()).isTrue();
    assertThat(table.add(5)).isEqualTo(EntryTable.NONE);
  }

  @Test
  void a_hash_depends_on_every_part_of_the_key_and_on_the_secret() {
    int hash = EntryTable.hash(1, 2, 3, 4);

    assertThat(EntryTable.hash(9, 2, 3, 4)).isNotEqualTo(hash);
    assertThat(EntryTable.hash(1, 9, 3, 4)).isNotEqualTo(hash);
    assertThat(EntryTable.hash(1, 2, 9, 4)).isNotEqualTo(hash);
    assertThat(EntryTable.hash(1, 2, 3, 9)).isNotEqualTo(hash);
    assertThat(EntryTable.hash(1, 2, 3, 4)).isEqualTo(hash);
  }

  @Test
  void an_empty_table_is_refused() {
    assertThatThrownBy(() -> new EntryTable(0)).hasMessageContaining("table_entries is 0");
  }
}
