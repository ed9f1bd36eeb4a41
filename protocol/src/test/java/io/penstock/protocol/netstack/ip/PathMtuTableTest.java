package io.penstock.protocol.netstack.ip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathMtuTableTest {

  private static final long MINUTE = 60_000_000_000L;
  private static final long NET_6 = 0xfd00_0064_0000_0000L;

  private final PathMtuTable table = new PathMtuTable(1500, 42);
  private long now = Long.MAX_VALUE - MINUTE;

  @Test
  void a_path_has_the_mtu_of_the_link_until_a_router_says_less() {
    assertThat(table.mtu(true, 0, 7, now)).isEqualTo(1500);

    assertThat(table.learn(true, 0, 7, 1400, now)).isTrue();

    assertThat(table.mtu(true, 0, 7, now)).isEqualTo(1400);
    assertThat(table.mtu(true, 0, 8, now)).isEqualTo(1500);
    assertThat(table.mtu(false, 0, 7, now)).isEqualTo(1500);
  }

  @Test
  void a_report_never_raises_the_estimate() {
    table.learn(false, NET_6, 7, 1300, now);

    assertThat(table.learn(false, NET_6, 7, 1300, now)).isFalse();
    assertThat(table.learn(false, NET_6, 7, 1400, now)).isFalse();
    assertThat(table.learn(true, 0, 7, 1500, now)).isFalse();
    assertThat(table.learn(true, 0, 7, 9000, now)).isFalse();

    assertThat(table.mtu(false, NET_6, 7, now)).isEqualTo(1300);
    assertThat(table.size()).isEqualTo(1);
  }

  @Test
  void no_path_goes_below_what_hosts_may_count_on() {
    assertThat(table.learn(true, 0, 7, 68, now)).isTrue();
    assertThat(table.mtu(true, 0, 7, now)).isEqualTo(576);

    assertThat(table.learn(false, NET_6, 7, 1279, now)).isFalse();
    assertThat(table.learn(false, NET_6, 7, -1, now)).isFalse();
    assertThat(table.learn(true, 0, 9, -1, now)).isFalse();
    assertThat(table.learn(false, NET_6, 7, 1280, now)).isTrue();
    assertThat(table.mtu(false, NET_6, 7, now)).isEqualTo(1280);
  }

  @Test
  void what_was_learned_is_forgotten_after_ten_minutes() {
    table.learn(true, 0, 7, 1400, now);
    now += 10 * MINUTE - 1;
    assertThat(table.mtu(true, 0, 7, now)).isEqualTo(1400);

    now += 1;

    assertThat(table.mtu(true, 0, 7, now)).isEqualTo(1500);
    assertThat(table.size()).isZero();
  }

  @Test
  void a_lower_report_counts_anew() {
    table.learn(true, 0, 7, 1400, now);
    now += 9 * MINUTE;
    table.learn(true, 0, 7, 1300, now);
    now += 9 * MINUTE;

    assertThat(table.mtu(true, 0, 7, now)).isEqualTo(1300);
  }

  @Test
  void the_destination_heard_of_longest_ago_gives_way() {
    for (int i = 0; i < PathMtuTable.MAX_ENTRIES; i++) {
      assertThat(table.learn(true, 0, i, 1400, now)).isTrue();
    }
    table.learn(true, 0, 0, 1300, now);

    table.learn(true, 0, 5000, 1400, now);

    assertThat(table.size()).isEqualTo(PathMtuTable.MAX_ENTRIES);
    assertThat(table.mtu(true, 0, 0, now)).isEqualTo(1300);
    assertThat(table.mtu(true, 0, 1, now)).isEqualTo(1500);
    assertThat(table.mtu(true, 0, 2, now)).isEqualTo(1400);
    assertThat(table.mtu(true, 0, 5000, now)).isEqualTo(1400);
  }

  @Test
  void the_link_may_become_narrower_and_wider() {
    table.learn(true, 0, 7, 1400, now);
    table.linkMtu(1280);
    assertThat(table.mtu(true, 0, 7, now)).isEqualTo(1280);
    assertThat(table.mtu(true, 0, 8, now)).isEqualTo(1280);

    table.linkMtu(9000);

    assertThat(table.mtu(true, 0, 7, now)).isEqualTo(1400);
    assertThat(table.mtu(true, 0, 8, now)).isEqualTo(9000);
    assertThatThrownBy(() -> table.linkMtu(67)).hasMessageContaining("mtu_bytes is 67");
  }

  @ParameterizedTest
  @CsvSource({"65535, 32000", "32000, 17914", "1500, 1492", "1492, 1006", "1006, 576", "100, 576"})
  void after_a_report_without_a_number_the_next_common_mtu_is_tried(int packet, int plateau) {
    assertThat(PathMtuTable.plateauBelow(packet)).isEqualTo(plateau);
  }
}
