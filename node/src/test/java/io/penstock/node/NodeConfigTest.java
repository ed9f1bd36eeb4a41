package io.penstock.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NodeConfigTest {

  @ParameterizedTest
  @CsvSource({
    "vm, vm:7443",
    "vm:1, vm:1",
    "https://vm, vm:7443",
    "https://vm:1/, vm:1",
    "[::1], [::1]:7443"
  })
  void a_gateway_is_a_host_with_or_without_a_port_or_a_url(String text, String gateway) {
    assertThat(NodeConfig.builder(text, "web").build().gateway()).hasToString(gateway);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://vm", "https://vm/path", "https://", "https://a b", "tcp://vm:1"})
  void another_url_is_no_gateway_and_told_what_is_allowed(String text) {
    assertThatThrownBy(() -> NodeConfig.builder(text, "web"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\" is no address of a gateway");
  }
}
