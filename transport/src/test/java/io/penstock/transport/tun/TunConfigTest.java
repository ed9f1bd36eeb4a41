package io.penstock.transport.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TunConfigTest {

  @Test
  void the_builder_holds_the_documented_defaults() {
    assertThat(TunConfig.builder().build())
        .isEqualTo(new TunConfig("tun%d", 1500, TunOffload.TCP, 1024 * 1024));
  }

  @ParameterizedTest
  @ValueSource(strings = {"penstock0", "tun%d", "a-b_c.d", "fifteen-bytes-x"})
  void a_name_that_linux_allows_is_allowed(String name) {
    assertThatCode(() -> TunConfig.builder().name(name).build()).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "a b",
        "a/b",
        "eth0:1",
        "sixteen-bytes-xx",
        "%s",
        "%d%d",
        "ä12345678901234"
      })
  void any_other_name_is_refused_by_name(String name) {
    assertThatThrownBy(() -> TunConfig.builder().name(name).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tun name is '" + name + "'")
        .hasMessageContaining("1 to 15 bytes");
  }

  @Test
  void an_mtu_that_ip_does_not_know_is_refused() {
    assertThatThrownBy(() -> TunConfig.builder().mtu(67).build())
        .hasMessage("tun mtu is 67, allowed is 68 to 65535");
    assertThatThrownBy(() -> TunConfig.builder().mtu(65_536).build())
        .hasMessage("tun mtu is 65536, allowed is 68 to 65535");
  }

  @Test
  void a_queue_without_room_is_refused() {
    assertThatThrownBy(() -> TunConfig.builder().maxQueuedBytes(0).build())
        .hasMessage("tun maxQueuedBytes is 0, allowed is 1 or more");
  }
}
